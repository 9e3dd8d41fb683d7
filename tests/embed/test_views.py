"""What a browser fetches before there is a socket."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import brotli
import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.urls import resolve
from django.utils.functional import SimpleLazyObject, empty
from pytest_django import Settings

from chatwidget import challenges, tokens
from chatwidget.conf import Secret
from chatwidget.embed.first_look import first_look, source
from chatwidget.errors import CloseConnection
from chatwidget.models import Widget
from chatwidget.tokens import VerifiedIdentity, verify_identity
from tests.stored import a_widget

pytestmark = pytest.mark.django_db

KEY = "sk-do-not-tell-0123456789"


@pytest.fixture
def widget() -> Widget:
    widget = Widget(slug="shop", title="Shop </script><script>alert(1)", provider="openai")
    widget.agent, widget.key = "gpt", Secret(KEY)
    widget.base_url = "https://platform.example/v1"
    widget.save()
    return widget


def config_of(response: Any) -> dict[str, Any]:
    script = r'<script type="application/json" id="chatwidget-config">(.*?)</script>'
    [text] = re.findall(script, response.content.decode(), re.DOTALL)
    config: dict[str, Any] = json.loads(text)
    return config


def policy_of(response: Any) -> dict[str, list[str]]:
    directives = response["Content-Security-Policy"].split("; ")
    return {name: values for name, *values in (each.split(" ") for each in directives)}


# --- the loader ---------------------------------------------------------------------------------


def test_the_loader_is_one_cacheable_file(client: Client, widget: Widget) -> None:
    response = client.get("/chatwidget/shop.js")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=300, stale-while-revalidate=86400"
    assert response["Vary"] == "Accept-Encoding"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert int(response["Content-Length"]) == len(response.content)
    assert not response.cookies
    text = response.content.decode()
    assert '"slug":"shop"' in text
    assert "__CHATWIDGET__" not in text
    assert KEY not in text and "platform.example" not in text and "openai" not in text


def test_it_is_fetched_again_only_when_it_has_changed(client: Client, widget: Widget) -> None:
    tag = client.get("/chatwidget/shop.js")["ETag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        unchanged = client.get("/chatwidget/shop.js", headers={"If-None-Match": known})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged["ETag"] == tag
        assert unchanged["Cache-Control"].startswith("public")
        assert unchanged["Vary"] == "Accept-Encoding"
    widget.title = "Another"
    widget.save()
    changed = client.get("/chatwidget/shop.js", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.9, gzip;q=0.1", "br"),
        ("BR", "br"),
        ("gzip, br; q=0", "gzip"),
        ("gzip;q=0.5", "gzip"),
        ("gzip;q=0, br;q=0.000", ""),
        ("identity", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("path", ["/chatwidget/shop.js", "/chatwidget/shop/"])
def test_encodings(client: Client, widget: Widget, path: str, accepted: str, encoding: str) -> None:
    response = client.get(path, headers={"Accept-Encoding": accepted})
    assert response.get("Content-Encoding", "") == encoding
    assert int(response["Content-Length"]) == len(response.content)
    decode = {"br": brotli.decompress, "gzip": gzip.decompress}.get(encoding, bytes)
    assert b"Shop" in decode(response.content)
    assert "Accept-Encoding" in response["Vary"]


def test_an_inactive_widgets_loader_is_empty(client: Client, widget: Widget) -> None:
    tag = client.get("/chatwidget/shop.js")["ETag"]
    widget.active = False
    widget.save()
    response = client.get("/chatwidget/shop.js", headers={"If-None-Match": tag})
    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Type"].startswith("text/javascript")


def test_an_unknown_widget(client: Client) -> None:
    for path in ("/chatwidget/nobody.js", "/chatwidget/nobody/", "/chatwidget/nobody/token/"):
        assert client.get(path).status_code == 404


def test_nothing_is_written_to(client: Client, widget: Widget) -> None:
    for path in ("shop.js", "shop/", "shop/token/"):
        assert client.post(f"/chatwidget/{path}").status_code == 405
        head = client.head(f"/chatwidget/{path}")
        assert (head.status_code, head.content) == (200, b"")


def test_what_is_default_is_not_sent(client: Client) -> None:
    a_widget("plain")
    a_widget(
        "own", appearance={"color": "#112233", "position": "left", "language": "de", "teaser": "Hi"}
    )
    plain = client.get("/chatwidget/plain.js").content.decode()
    own = client.get("/chatwidget/own.js").content.decode()
    assert '"color":' not in plain and '"teaser":' not in plain
    for part in ('"color":"#112233"', '"position":"left"', '"teaser":{"text":"Hi","delay":5'):
        assert part in own
    # The launcher's names: in the widget's language alone, or in any that the page may have.
    assert '"en":"Open chat|Close chat"' in plain and '"en":' not in own
    assert '"labels":{"":"Chat öffnen|Chat schließen|Schließen|Erneut versuchen"}' in own


# --- the frame ----------------------------------------------------------------------------------


def test_the_frame_holds_its_public_configuration(client: Client, widget: Widget) -> None:
    response = client.get("/chatwidget/shop/")
    config = config_of(response)
    assert config["protocol"] == 1
    assert config["slug"] == "shop"
    assert config["socket"] == "/chatwidget/shop/ws/"
    assert config["tokenUrl"] == "/chatwidget/shop/token/"
    tokens.check_frame_token(config["token"], "shop")
    assert config["title"] == "Shop </script><script>alert(1)"
    assert config["regenerate"] is True
    assert config["maxLength"] == 4000
    assert config["prechat"] is None
    assert config["strings"]
    text = response.content.decode()
    assert "<script>alert" not in text
    assert KEY not in text and "platform.example" not in text and "openai" not in text


def test_the_frame_may_be_framed_and_is_not_stored(client: Client, widget: Widget) -> None:
    response = client.get("/chatwidget/shop/")
    assert "X-Frame-Options" not in response
    assert response["Cache-Control"] == "private, no-cache"
    assert {"Accept-Encoding", "Accept-Language"} <= set(response["Vary"].split(", "))
    assert not response.cookies


def test_the_frames_policy(client: Client, widget: Widget) -> None:
    policy = policy_of(client.get("/chatwidget/shop/", headers={"host": "localhost:8000"}))
    look = first_look()
    assert policy == {
        "default-src": ["'none'"],
        "script-src": ["'self'", look.script_source],
        "style-src": [look.style_source],
        "img-src": ["'self'"],
        "connect-src": ["'self'", "ws://localhost:8000"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "require-trusted-types-for": ["'script'"],
    }


def test_the_frames_policy_knows_the_owners_hosts(
    client: Client, widget: Widget, settings: Settings
) -> None:
    widget.allowed_origins = ["https://a.example", "https://*.b.example"]
    widget.image_hosts = ["cdn.example.com"]
    widget.appearance = {"logo": "https://logo.example/l.svg"}
    widget.save()
    settings.STATIC_URL = "https://static.example/"
    policy = policy_of(client.get("/chatwidget/shop/", secure=True))
    assert policy["frame-ancestors"] == ["'self'", "https://a.example", "https://*.b.example"]
    assert policy["img-src"] == ["'self'", "https://cdn.example.com", "https://logo.example"]
    assert policy["connect-src"] == ["'self'", "wss://testserver"]
    assert policy["script-src"][:2] == ["'self'", "https://static.example"]
    assert config_of(client.get("/chatwidget/shop/"))["imageHosts"] == ["cdn.example.com"]


@pytest.mark.parametrize("kind", challenges.SERVICES)
def test_somebody_elses_challenge_in_the_frames_policy(
    client: Client, widget: Widget, settings: Settings, kind: str
) -> None:
    """Its hosts, where it can be used, and no others' anywhere."""
    before = policy_of(client.get("/chatwidget/shop/"))
    settings.CHATWIDGET = {**settings.CHATWIDGET, "CHALLENGE": kind}
    half = client.get("/chatwidget/shop/")
    assert policy_of(half) == before
    assert half["Cross-Origin-Embedder-Policy"] == "credentialless"
    keys = {"CHALLENGE_SITE_KEY": "key", "CHALLENGE_SECRET": KEY}
    settings.CHATWIDGET = {**settings.CHATWIDGET, **keys}
    answer = client.get("/chatwidget/shop/")
    assert KEY not in answer.content.decode()
    assert "Cross-Origin-Embedder-Policy" not in answer
    added = {
        directive: {*values} - {*before.get(directive, ())}
        for directive, values in policy_of(answer).items()
        if values != before.get(directive)
    }
    theirs = challenges.SERVICES[kind].policy
    assert added == {directive: {*values.split()} for directive, values in theirs.items()}
    assert all(host.startswith("https://") for hosts in added.values() for host in hosts)
    assert before.keys() - policy_of(answer).keys() == {"require-trusted-types-for"}


def test_what_is_inline_is_named_by_the_policy(client: Client, widget: Widget) -> None:
    answer = client.get("/chatwidget/shop/")
    text, policy = answer.content.decode(), policy_of(answer)
    assert " style=" not in text and " onclick=" not in text
    [style], [script] = (
        re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S) for tag in ("style", "script")
    )
    assert policy["style-src"] == [source(style)]
    assert source(script) in policy["script-src"]
    others = [part.partition(">")[0] for part in text.split("<script ")[1:]]
    assert all("src=" in script or 'type="application/json"' in script for script in others)


@pytest.mark.parametrize("provider", ["demo", "agentix"])
def test_the_page_greets_where_it_knows_the_greeting(client: Client, provider: str) -> None:
    a_widget("shop", provider=provider, greeting=" Ahoy! ")
    config = config_of(client.get("/chatwidget/shop/"))
    assert config["greeting"] == ("Ahoy!" if provider == "demo" else "")
    assert tokens.check_frame_token(config["token"], "shop") == config["greeting"]


@pytest.mark.parametrize(
    ("setting", "lang", "accepted", "locale", "direction"),
    [
        ("", "", "", "en", "ltr"),
        ("", "", "de-AT,en;q=0.5", "de", "ltr"),
        ("", "pt", "de", "pt-br", "ltr"),
        ("", "zh-CN", "de", "zh-hans", "ltr"),
        ("", "zh-TW", "de", "de", "ltr"),
        ("", "he_IL", "", "he", "rtl"),
        ("ar", "fr", "de", "ar", "rtl"),
        ("", "tlh", "xx, ja;q=0.1", "ja", "ltr"),
        ("", "<script>", "*", "en", "ltr"),
    ],
)
def test_languages(
    client: Client, setting: str, lang: str, accepted: str, locale: str, direction: str
) -> None:
    a_widget("shop", appearance={"language": setting} if setting else {})
    headers = {"Accept-Language": accepted} if accepted else {}
    response = client.get("/chatwidget/shop/", {"lang": lang} if lang else {}, headers=headers)
    assert config_of(response)["locale"] == locale
    assert f'lang="{locale}" dir="{direction}"' in response.content.decode()


def test_what_is_asked_before_the_first_message(client: Client) -> None:
    a_widget(
        "asks", appearance={"ask_name": "optional", "consent": "I agree.", "consent_version": "3"}
    )
    assert config_of(client.get("/chatwidget/asks/"))["prechat"] == {
        "name": "optional",
        "email": None,
        "consent": "I agree.",
        "version": "3",
    }


def test_an_inactive_widget_has_no_page(client: Client, widget: Widget) -> None:
    widget.active = False
    widget.save()
    for path in ("/chatwidget/shop/", "/chatwidget/shop/token/"):
        assert client.get(path).status_code == 404


# --- token --------------------------------------------------------------------------------------


def test_a_token_is_never_cached(client: Client, widget: Widget) -> None:
    response = client.get("/chatwidget/shop/token/")
    assert list(response.json()) == ["token"]
    tokens.check_frame_token(response.json()["token"], "shop")
    assert "no-store" in response["Cache-Control"]
    # A page of another origin cannot read it.
    assert "Access-Control-Allow-Origin" not in response


# --- the template tag ---------------------------------------------------------------------------


def rendered(source: str, **context: Any) -> str:
    return Template("{% load chatwidget %}" + source).render(Context(context))


def test_the_template_tag() -> None:
    assert rendered('{% chatwidget "shop" %}') == (
        '<script src="/chatwidget/shop.js" async></script>'
    )
    assert rendered(
        '{% chatwidget slug target="#help" open_label=label %}', slug="a", label='"><'
    ) == (
        '<script src="/chatwidget/a.js" defer data-open-label="&quot;&gt;&lt;"'
        ' data-target="#help"></script>'
    )


def test_the_template_tag_under_a_policy_with_nonces() -> None:
    request = RequestFactory().get("/")
    request.csp_nonce = "abc"  # type: ignore[attr-defined]
    tag = rendered('{% chatwidget "shop" %}', request=request)
    assert tag == '<script src="/chatwidget/shop.js" async nonce="abc"></script>'


def identified(tag: str) -> tuple[str, Any]:
    """The widget that a tag's second script names, and whom it says."""
    [said] = re.findall(r"\?\.get\?\.\((.+)\)\?\.identify\((.+)\)\)</script>$", tag)
    slug, identity = map(json.loads, said)
    return slug, identity


def test_the_tag_vouches_for_the_sites_user() -> None:
    hostile = "</script><b>"
    user = User(pk=7, username="ada", first_name=hostile, email="ada@shop.example")
    request = RequestFactory().get("/")
    request.csp_nonce = "made"  # type: ignore[attr-defined]
    tag = rendered('{% chatwidget "shop" user=user %}', request=request, user=user)
    assert tag.count("<script") == tag.count('nonce="made"') == tag.count("</script>") == 2
    slug, said = identified(tag)
    proof = said.pop("proof")
    assert (slug, said) == ("shop", {"id": "7", "name": hostile, "email": "ada@shop.example"})
    assert verify_identity("7", proof, "shop", Secret()) == VerifiedIdentity("7", hostile)
    with pytest.raises(CloseConnection):
        verify_identity("7", proof, "another", Secret())


@pytest.mark.parametrize("user", [AnonymousUser(), None, ""])
def test_the_tag_says_that_nobody_is_signed_in(user: object) -> None:
    tag = rendered('{% chatwidget "shop" user=user %}', user=user)
    assert identified(tag) == ("shop", None)


class LazyNonce(SimpleLazyObject):  # type: ignore[type-arg]
    """As Django's and django-csp's are: false until somebody has read it."""

    def __bool__(self) -> bool:
        return self._wrapped is not empty


@pytest.mark.parametrize("where", ["csp_nonce", "_csp_nonce", "context"])
def test_a_nonce_that_nobody_has_read_yet(where: str) -> None:
    request, nonce = RequestFactory().get("/"), LazyNonce(lambda: "made")
    context = {"csp_nonce": nonce} if where == "context" else {}
    if not context:
        setattr(request, where, nonce)
    tag = rendered('{% chatwidget "shop" %}', request=request, **context)
    assert tag == '<script src="/chatwidget/shop.js" async nonce="made"></script>'
    assert nonce  # so the policy will name it


def page_with_tag(request: HttpRequest) -> HttpResponse:
    source = '{% load chatwidget %}{% chatwidget "shop" %}'
    return HttpResponse(Template(source).render(RequestContext(request)))


def test_djangos_own_nonce(settings: Settings) -> None:
    csp = pytest.importorskip("django.middleware.csp", reason="Django 6.0 and newer")
    settings.SECURE_CSP = {"script-src": [csp.CSP.NONCE]}
    answer = csp.ContentSecurityPolicyMiddleware(page_with_tag)(RequestFactory().get("/"))
    [nonce] = re.findall(r'nonce="([^"]+)"', answer.content.decode())
    assert policy_of(answer)["script-src"] == [f"'nonce-{nonce}'"]


def test_the_nonce_of_django_csp(settings: Settings) -> None:
    csp = pytest.importorskip("csp.middleware")
    constants = pytest.importorskip("csp.constants")
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": [constants.NONCE]}}
    answer = csp.CSPMiddleware(page_with_tag)(RequestFactory().get("/"))
    [nonce] = re.findall(r'nonce="([^"]+)"', answer.content.decode())
    assert policy_of(answer)["script-src"] == [f"'nonce-{nonce}'"]


@pytest.mark.django_db
@pytest.mark.parametrize("factory", [RequestFactory, AsyncRequestFactory])
def test_the_sockets_address_without_a_websocket(factory: type) -> None:
    path = "/chatwidget/shop/ws/"
    answer = resolve(path).func(factory().get(path), slug="shop")
    assert answer.status_code == 426
    assert answer.content.decode().startswith("This address speaks WebSocket only.")
    assert answer.headers.get("Upgrade") == (
        "websocket" if factory is AsyncRequestFactory else None
    )


def test_the_template_tag_names_a_widget() -> None:
    with pytest.raises(TemplateSyntaxError):
        rendered("{% chatwidget %}")
