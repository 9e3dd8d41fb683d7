"""What invented visitors ask, and what their agents answer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Talk:
    """A topic: several ways to ask for it, and the answers."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A website with its widget."""

    slug: str
    title: str
    greeting: str
    host: str
    zone: str
    provider: str
    agent: str
    share: int  # of all conversations, in parts
    languages: dict[str, int]  # locale: its share, in parts
    pages: dict[str, tuple[str, int]]  # path: title, share
    talks: dict[str, tuple[Talk, ...]]  # by language
    budgets: dict[str, int] = field(default_factory=dict)


def _talk(questions: str, *answers: str) -> Talk:
    return Talk(tuple(questions.split(" | ")), answers)


SHOP = {
    "en": (
        _talk(
            "Where is my order? | where is my order | Where's my parcel | order status please",
            "Your parcel left our warehouse and is with the carrier. It should be with you "
            "**within two days**; the link in your e-mail shows where it is.",
            "I see it: it was handed to the carrier this morning.",
        ),
        _talk(
            "How much is shipping? | shipping costs? | Do you ship to Norway?",
            "| To | Costs | Takes |\n|---|---|---|\n| EU | €4.90 | 2–4 days |\n"
            "| Norway, UK | €9.90 | 4–7 days |\n\nFrom **€60** it is free.",
        ),
        _talk(
            "Can I return something? | how do returns work | I want to send back my jacket",
            "Yes, within 30 days:\n\n1. Print the label from *My orders*.\n2. Drop the parcel "
            "off.\n3. The money is back within a week.",
        ),
        _talk(
            "Do you have the sailing jacket in XL? | is the jacket in stock | Jacket size XL?",
            "The **Harbour jacket** is in stock in M and XL; L comes back next week.",
        ),
        _talk(
            "When are you open? | opening hours | are you open on Sundays",
            "Monday to Friday from 9 to 18, Saturdays from 10 to 14. On Sundays we are at sea.",
        ),
        _talk(
            "Which payment methods do you take? | can I pay by invoice",
            "Card, PayPal, SEPA and invoice. Invoices are for orders to the EU.",
        ),
        _talk("I need a human | can I talk to a person", "Write to crew@harbour.example."),
        _talk("thanks! | Thank you, that helps | ok great", "You are welcome. Fair winds!"),
    ),
    "de": (
        _talk(
            "Wo ist meine Bestellung? | wo bleibt mein Paket | Bestellstatus",
            "Ihr Paket ist unterwegs und sollte **in zwei Tagen** bei Ihnen sein.",
        ),
        _talk(
            "Was kostet der Versand? | Versandkosten? | Liefern Sie in die Schweiz?",
            "Innerhalb der EU 4,90 €, in die Schweiz 9,90 €. Ab **60 €** ist er frei.",
        ),
        _talk(
            "Wie kann ich etwas zurückgeben? | Rückgabe | Umtausch möglich?",
            "Innerhalb von 30 Tagen: Etikett unter *Meine Bestellungen* drucken und abgeben.",
        ),
        _talk("Haben Sie die Jacke in Größe L? | Jacke L", "L kommt nächste Woche wieder herein."),
        _talk("Danke! | vielen Dank", "Gern geschehen!"),
    ),
    "fr": (
        _talk(
            "Où est ma commande ? | ou est mon colis | suivi de commande",
            "Votre colis est en route ; il arrivera **sous deux jours**.",
        ),
        _talk("Quels sont les frais de port ? | frais de livraison", "4,90 € dans l'UE."),
        _talk("Comment retourner un article ? | retour", "Sous 30 jours, avec l'étiquette."),
        _talk("Merci ! | merci beaucoup", "Avec plaisir !"),
    ),
}
HOTEL = {
    "es": (
        _talk(
            "¿Hay habitaciones libres en agosto? | habitacion libre en agosto | ¿Tenéis sitio?",
            "En agosto quedan dos habitaciones dobles desde **95 €** la noche, con desayuno.",
        ),
        _talk("¿A qué hora es el check-in? | check-in", "Desde las 15 h; la salida, hasta las 11."),
        _talk("¿Se admiten perros? | mascotas", "Sí, hasta dos, por 10 € la noche."),
        _talk("¿Hay aparcamiento? | parking", "Sí, gratuito, detrás del hotel."),
        _talk("Gracias | muchas gracias", "¡A usted! Le esperamos."),
    ),
    "pt-BR": (
        _talk(
            "Tem quarto livre em janeiro? | quarto para dois em janeiro",
            "Em janeiro temos quartos duplos a partir de **R$ 420** a diária, com café da manhã.",
        ),
        _talk("Que horas é o check-in? | check in", "A partir das 15h; a saída é até as 11h."),
        _talk("Aceita cachorro? | posso levar meu cachorro", "Sim, até dois por quarto."),
        _talk("Obrigado! | obrigada", "Por nada! Boa viagem."),
    ),
    "en": (
        _talk(
            "Do you have a room in August? | free rooms in august?",
            "Two double rooms are left in August, from **€95** a night with breakfast.",
        ),
        _talk("When is check-in? | check in time", "From 3 pm; check-out is until 11 am."),
        _talk("Are dogs allowed? | can I bring my dog", "Yes, up to two, €10 a night."),
        _talk("How do I get there from the airport?", "Bus 40 stops in front of the hotel."),
    ),
}
HELP = {
    "en": (
        _talk(
            "How do I reset my password? | reset password | I forgot my password",
            "Open **Settings → Security**, then *Reset password*. The mail is valid for an hour.",
        ),
        _talk(
            "How do I use the API? | api example | Do you have an API?",
            "Like this:\n\n```sh\ncurl -H 'Authorization: Bearer TOKEN' https://api.example.com/v1/boats"
            "\n```\n\nThe token is under **Settings → API**.",
        ),
        _talk(
            "Why is my import failing? | import error 422 | csv import fails",
            "Mostly it is the encoding: save it as **UTF-8**, and name the first column `id`.",
        ),
        _talk("How do I cancel my plan? | cancel subscription", "**Settings → Plan → Cancel**."),
        _talk("Is there a dark mode? | dark mode", "Yes: **Settings → Look**."),
        _talk("Do you support SSO? | single sign-on", "SAML and OpenID Connect, on every plan."),
    ),
    "ja": (
        _talk(
            "パスワードを忘れました | パスワードの再設定",
            "「設定」→「セキュリティ」で再設定できます。",
        ),
        _talk(
            "APIの使い方を教えてください | APIはありますか",
            "「設定」→「API」でトークンを作れます。",
        ),
        _talk("ありがとうございます", "どういたしまして。"),
    ),
    "de": (
        _talk("Passwort vergessen | Wie setze ich mein Passwort zurück?", "Unter **Sicherheit**."),
        _talk("Warum schlägt der Import fehl? | Import Fehler", "Bitte als **UTF-8** speichern."),
        _talk("Wie kündige ich? | kündigen", "Unter **Einstellungen → Tarif**."),
    ),
}
SITES = (
    Site(
        "demo-shop",
        "Harbour Supply",
        "Ahoy! Ask me about orders, sizes and shipping.",
        "shop.example.com",
        "Europe/Berlin",
        "demo",
        "",
        5,
        {"en": 5, "de": 4, "fr": 2},
        {
            "/": ("Harbour Supply", 6),
            "/products/harbour-jacket": ("Harbour jacket", 5),
            "/products/deck-shoes": ("Deck shoes", 3),
            "/cart": ("Your cart", 4),
            "/shipping": ("Shipping and returns", 5),
            "/orders": ("Your orders", 4),
            "/sale": ("Sale", 2),
            "/about": ("About us", 1),
        },
        SHOP,
        {"daily_messages": 5000},
    ),
    Site(
        "demo-hotel",
        "Hotel Miramar",
        "¡Hola! ¿En qué puedo ayudarle?",
        "miramar.example.com",
        "America/Sao_Paulo",
        "openai",
        "small-model",
        3,
        {"es": 4, "pt-BR": 3, "en": 2},
        {
            "/": ("Hotel Miramar", 5),
            "/habitaciones": ("Habitaciones", 4),
            "/reservar": ("Reservar", 4),
            "/restaurante": ("Restaurante", 1),
            "/contacto": ("Contacto", 2),
        },
        HOTEL,
    ),
    Site(
        "demo-help",
        "Boatyard help",
        "",
        "help.example.com",
        "Asia/Tokyo",
        "vindex",
        "",
        2,
        {"en": 5, "ja": 3, "de": 1},
        {
            "/docs": ("Documentation", 4),
            "/docs/api": ("API", 3),
            "/docs/import": ("Import", 3),
            "/pricing": ("Pricing", 2),
            "/status": ("Status", 1),
        },
        HELP,
    ),
)
DO_NOT_KNOW = {
    "en": "I do not know, sorry. Please write to us, and we will look into it.",
    "de": "Das weiß ich leider nicht. Bitte schreiben Sie uns.",
    "fr": "Je ne sais pas, désolé. Écrivez-nous, s'il vous plaît.",
    "es": "No lo sé, lo siento. Escríbanos, por favor.",
    "pt-BR": "Não sei, desculpe. Escreva para nós, por favor.",
    "ja": "申し訳ありませんが、わかりません。",
}
ODD = {
    "en": ("What is the meaning of life?", "do you sell submarines", "asdf", "Who are you?"),
    "de": ("Wie wird das Wetter?", "Verkauft ihr U-Boote?"),
    "fr": ("Quel temps fait-il ?",),
    "es": ("¿Va a llover mañana?",),
    "pt-BR": ("Vai chover amanhã?",),
    "ja": ("明日の天気は？",),
}
# Code: its share in parts, and what the owner reads as its cause.
FAILURES = {
    "provider_timeout": (5, "no word came within 60 s"),
    "provider_unavailable": (4, "the platform answered 503 Service Unavailable"),
    "provider_rate_limited": (3, "the platform answered 429 Too Many Requests"),
    "provider_rejected": (2, "the answer was empty"),
    "misconfigured": (1, "the platform answered 401 Unauthorized"),
    "interrupted": (1, "the process that relayed it (demo) ended"),
}
NAMES = (
    *("Ada Reyes", "Björn Lund", "Chloé Martin", "Dao Minh", "Eva Schulz", "Farid Haddad"),
    *("Gita Rao", "Hugo Silva", "Ines Costa", "Jun Sato", "Karin Weiß", "Luís Pereira"),
    *("Mina Okafor", "Nils Berg", "Olga Novak", "Pia Rossi", "Quim Vidal", "Rosa Díaz"),
)
COMMENTS = ("That did not answer my question", "Too long", "Wrong price", "Perfect", "Quick!")
REFERRERS = ("", "", "https://www.google.com/", "https://duckduckgo.com/", "https://t.co/x")
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/147.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
)
