/** Every state of the widget. A test looks whether each text that a visitor can meet is met here. */
import { readConfig } from "../frame/config.ts";
import { byId } from "../frame/dom.ts";
import type { Message } from "../frame/protocol.ts";
import type { Scene, Stage } from "./stage.ts";

const GREETING = "Hi there! I know everything about our mugs, bowls and plates. How can I help?";
const QUESTION = "Do you ship to Chile, and how long does it take?";
const SUGGESTIONS = ["Where is my order?", "Do you ship abroad?", "What can go in the dishwasher?"];

const MARKDOWN = `Yes, we ship to **Chile**! Here is what it costs and how long it takes:

| Parcel | Price | Days |
| --- | ---: | ---: |
| up to 2 kg | $12 | 6–9 |
| up to 5 kg | $19 | 6–9 |
| express | $38 | 2–3 |

A few things to know:

1. Orders over **$120** ship free.
2. Customs may ask for your *RUT*.
3. You can [follow your parcel](https://shop.example/track) at any time.

> Glazed pieces are packed twice, and replaced if they break.
`;

const CODE = `You can ask our API for the price:

\`\`\`python
import httpx

def price(weight: float, country: str = "CL") -> float:
    """What shipping costs, in US dollars; the answer is cached for an hour by whoever asks for it."""
    return httpx.get("https://shop.example/api/shipping", params={"kg": weight, "to": country}).json()["usd"]
\`\`\`

- [x] works without a key
- [ ] works with \`curl\` as well

# Limits

Up to ~~30~~ **60** requests a minute.
`;

const ELEMENTS = `Dear [Your Name],
your parcel goes to
Ana Rojas
Calle Larga 12
Santiago

Press <kbd>Ctrl</kbd> + <kbd>K</kbd> for <mark>help</mark>; the glaze is mostly SiO<sub>2</sub>.

> [!WARNING]
> Do not put it on an open flame.

<details><summary>How to clean it</summary>

- by hand, or
- in the dishwasher at 50 °C

</details>

Kilns are old[^1], and some lie about it: [https://shop.example/kilns](https://elsewhere.example/).

[^1]: The oldest that we know is from 6000 BC.

1999. That was our first year.
`;

const FORMULA = `The area is \\(\\pi r^2\\), so with $r = 4.5$ cm:

\\[
A = \\pi \\cdot 4.5^2 \\approx \\frac{127.2}{2} \\cdot 1
\\]

It costs $12, or $19 with a lid.
`;

const REASONING = `<think>
They ask for Chile. Our table has it.

- up to 2 kg: $12
</think>

Yes, we ship to Chile.
`;

const DIRECTIONS = `The label says:

שלום! הספל הזה עשוי ביד. יש לו יד אחת (כחולה).

- כלי חרס.
- Harbour mug
- זכוכית (שקופה).

> مصنوع يدويًا في ميناء صغير.

| מוצר | מחיר |
| --- | --- |
| ספל | €24 |
`;

/** A challenge that is being solved for as long as one looks. */
const UNSOLVABLE = {
  kind: "altcha",
  parameters: {
    algorithm: "PBKDF2/SHA-256",
    cost: 1000,
    nonce: "00",
    salt: "00",
    keyPrefix: "00".repeat(32),
  },
};

/** Tests answer for this host. */
const IMAGE_HOST = "images.gallery.example";

const product = (title: string, price: string, image: string) => ({
  title,
  price,
  image: `https://${IMAGE_HOST}/${image}.svg`,
  url: `https://shop.example/${image}`,
});

const PRODUCTS = {
  type: "product-grid",
  data: [
    product("Harbour mug", "€24", "mug"),
    product("Slow kettle", "€89", "kettle"),
    product("Porthole lamp of opal glass and brass, with a dimmer", "€129", "lamp"),
    { title: "Gift card", price: 25 },
  ],
};

const failure = (code: string, more: object = {}) => ({
  code,
  detail: "Not now.",
  retryable: true,
  ...more,
});

/** A greeting, a question and this reply to it. */
function exchange(stage: Stage, text: string, more: Partial<Message> = {}): void {
  stage.ready([stage.reply(GREETING), stage.user(QUESTION), stage.reply(text, more)]);
}

const fails = (code: string, more: object = {}): Scene => ({
  play: (stage) => exchange(stage, "", { status: "failed", error: failure(code, more) }),
});

const refuses = (code: string, more: object = {}): Scene => ({
  play(stage) {
    exchange(stage, "Yes, we do.");
    stage.app.send("And to Peru?");
    stage.refuse(failure(code, more));
  },
});

async function appears(selector: string): Promise<void> {
  while (!document.querySelector(selector)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** "Your data" is open; what is done there, and with what status it is answered. */
const ownData = (
  act: (press: (name: string) => Promise<void>, dialog: HTMLDialogElement) => void | Promise<void>,
  status = 0,
): Scene => ({
  ownData: status,
  async play(stage) {
    exchange(stage, "Yes, we do.");
    const { strings } = readConfig(document).ownData!;
    byId("own-data").click();
    await appears("dialog");
    await act((name) => stage.press(strings[name]!), document.querySelector("dialog")!);
    if (status) await appears('dialog [role="status"]:not(:empty)');
  },
});

const PRECHAT = {
  name: "optional",
  email: "required",
  consent: "I agree that my messages are stored for 90 days to answer my question.",
  version: "1",
} as const;

export const states: Record<string, Scene> = {
  connecting: {},
  "connecting-slowly": {
    async play() {
      await new Promise((resolve) => setTimeout(resolve, 1_600));
    },
  },
  greeting: {
    config: { suggestions: SUGGESTIONS },
    play: (stage) => stage.ready([stage.reply(GREETING)]),
  },
  sending: {
    async play(stage) {
      stage.ready([stage.reply(GREETING)]);
      stage.app.send(QUESTION);
    },
  },
  thinking: { play: (stage) => exchange(stage, "", { status: "pending" }) },
  streaming: { play: (stage) => exchange(stage, MARKDOWN.slice(0, 260), { status: "streaming" }) },
  reply: { play: (stage) => exchange(stage, MARKDOWN) },
  code: { play: (stage) => exchange(stage, CODE) },
  elements: { play: (stage) => exchange(stage, ELEMENTS) },
  directions: { play: (stage) => exchange(stage, DIRECTIONS) },
  formula: {
    async play(stage) {
      exchange(stage, FORMULA);
      await appears("p ~ p math");
    },
  },
  reasoning: {
    async play(stage) {
      exchange(stage, REASONING);
      await appears("details[class]");
      document.querySelector("details")!.open = true;
    },
  },
  "can-answer-again": {
    config: { regenerate: true },
    play: (stage) => exchange(stage, "Yes, we do."),
  },
  copied: {
    async play(stage) {
      // The real one may refuse: a page that is not looked at may not write to it.
      const clipboard = { writeText: async () => {} };
      Object.defineProperty(navigator, "clipboard", { value: clipboard });
      exchange(stage, "Yes, we do.");
      const { copy, copied } = readConfig(document).strings;
      await stage.press(copy);
      await stage.becomes(copied);
    },
  },
  rated: { play: (stage) => exchange(stage, "Yes, we do.", { rating: 1 }) },
  commenting: {
    async play(stage) {
      exchange(stage, "Yes, we do.");
      await stage.press(readConfig(document).strings.bad);
    },
  },
  commented: {
    async play(stage) {
      const { strings } = readConfig(document);
      exchange(stage, "Yes, we do.");
      await stage.press(strings.bad);
      await stage.press(strings.comment_send);
    },
  },
  products: {
    config: { imageHosts: [IMAGE_HOST] },
    play: (stage) => exchange(stage, "These are our favourites this week:", { ui: PRODUCTS }),
  },
  buttons: {
    play: (stage) =>
      exchange(stage, "Shall we send you a message once it is back?", {
        ui: {
          type: "buttons",
          data: [
            { title: "Yes, please", payload: "/notify" },
            { title: "No" },
            { title: "What we keep", url: "https://shop.example/privacy" },
          ],
        },
      }),
  },
  links: {
    play: (stage) =>
      exchange(stage, "This may help:", {
        ui: {
          type: "links",
          data: [
            { title: "Shipping", url: "https://shop.example/shipping" },
            { title: "Returns", url: "https://shop.example/returns" },
          ],
        },
      }),
  },
  "unknown-ui": {
    play: (stage) =>
      exchange(stage, "Our opening hours:", {
        ui: { type: "timetable", data: { Monday: "9–18", Saturday: "10–14" } },
      }),
  },
  "unknown-role": {
    play: (stage) => {
      const asked = [stage.reply(GREETING), stage.user("I would like to talk to a person.")];
      stage.ready([
        ...asked,
        stage.message("operator", "Hello, this is Eva. I take over from here."),
      ]);
    },
  },
  stopped: { play: (stage) => exchange(stage, "Yes, we ship to", { status: "stopped" }) },
  interrupted: { play: (stage) => exchange(stage, "Yes, we ship to", { status: "interrupted" }) },
  misconfigured: fails("misconfigured", { retryable: false }),
  "provider-rejected": fails("provider_rejected"),
  "provider-rate-limited": fails("provider_rate_limited", { retry_after: 40 }),
  "provider-unavailable": fails("provider_unavailable"),
  "provider-timeout": fails("provider_timeout"),
  "failed-halfway": {
    play: (stage) =>
      exchange(stage, "Yes, we ship to **Chile**, and", {
        status: "failed",
        error: failure("provider_unavailable"),
      }),
  },
  "unknown-error": fails("teapot", { detail: "" }),
  "rate-limited": refuses("rate_limited", { retry_after: 20 }),
  checking: refuses("rate_limited", { challenge: UNSOLVABLE }),
  "check-person": refuses("rate_limited", { challenge: { ...UNSOLVABLE, site_key: "x" } }),
  checked: {
    play(stage) {
      exchange(stage, "Yes, we do.");
      stage.say({ type: "solved" });
    },
  },
  "too-many-pending": refuses("too_many_pending"),
  "budget-exhausted": refuses("budget_exhausted", { retry_after: 20_000, retryable: false }),
  "message-too-long": {
    async play(stage) {
      exchange(stage, "Yes, we do.");
      stage.type("A very long story. ".repeat(215));
      stage.submit();
    },
  },
  "near-the-limit": {
    play(stage) {
      exchange(stage, "Yes, we do.");
      stage.type("A long story. ".repeat(280));
    },
  },
  history: {
    play(stage) {
      const past = (days: number) => ({
        created_at: new Date(Date.now() - days * 86_400_000).toISOString(),
      });
      stage.ready([
        stage.reply(GREETING, past(9)),
        stage.user("Do you have a blue mug?", past(9)),
        stage.reply("We do: **Atlantic**, 300 ml.", past(9)),
        stage.user("Thanks! Is it dishwasher safe?", past(1)),
        stage.reply("It is.", { ...past(1), rating: 1 }),
        stage.user(QUESTION),
        stage.user("Santiago, to be exact."),
        stage.reply(MARKDOWN),
      ]);
    },
  },
  "scrolled-up": {
    async play(stage) {
      exchange(stage, MARKDOWN + CODE);
      await stage.shown();
      document.getElementById("scroller")!.scrollTop = 40;
      await stage.shown();
    },
  },
  "new-messages": {
    async play(stage) {
      exchange(stage, MARKDOWN + CODE);
      await stage.shown();
      document.getElementById("scroller")!.scrollTop = 40;
      await stage.shown();
      stage.say({ type: "message", message: stage.reply("Is there anything else?") });
      await stage.shown();
    },
  },
  "long-words": {
    play: (stage) =>
      stage.ready([
        stage.user(`https://shop.example/${"a".repeat(180)}`),
        stage.reply(`${"Donaudampfschifffahrtsgesellschaft".repeat(5)} \`${"code".repeat(40)}\``),
      ]),
  },
  prechat: {
    config: { prechat: PRECHAT },
    play(stage) {
      stage.ready([stage.reply(GREETING)]);
      stage.app.send(QUESTION);
    },
  },
  "email-asked": {
    play(stage) {
      stage.ready([stage.reply(GREETING)], { features: { email: true } });
      stage.app.send(QUESTION);
    },
  },
  person: {
    play(stage) {
      const author = { name: "Ana Rojas" };
      stage.ready([
        stage.reply(GREETING),
        stage.user(QUESTION),
        stage.reply("Yes, we do."),
        stage.message("event", "Ana Rojas joined", { author, event: "joined" }),
        stage.message("operator", "Hi, I am **Ana**. Where in Chile do you live?", { author }),
        stage.user("In Punta Arenas."),
        stage.message("operator", "Then it takes two days more.", { author }),
      ]);
      stage.say({ type: "typing", author });
    },
  },
  "person-offered": {
    config: { person: true },
    play: (stage) => exchange(stage, "I do not know, sorry."),
  },
  "nobody-there": {
    config: { person: true },
    play(stage) {
      exchange(stage, "I do not know, sorry.");
      stage.app.askPerson();
      const text = "We are here from 9 to 5. Leave your address, and we will write to you.";
      stage.say({ type: "message", message: stage.message("event", text, { event: "away" }) });
    },
  },
  reconnecting: {
    play(stage) {
      exchange(stage, "Yes, we ship to", { status: "streaming" });
      stage.close(1006);
    },
  },
  offline: {
    play(stage) {
      exchange(stage, "Yes, we do.");
      stage.app.client.dispatch({ type: "offline" });
      stage.app.send("And to Peru?");
      stage.app.send("I am on a train.");
    },
  },
  back: {
    async play(stage) {
      exchange(stage, "Yes, we do.");
      stage.close(1006);
      await stage.shown();
      stage.app.client.reconnect();
      exchange(stage, "Yes, we do.");
    },
  },
  closed: {
    play(stage) {
      exchange(stage, "Yes, we do.");
      stage.close(4429);
    },
  },
  gone: { play: (stage) => stage.close(4404) },
  sandboxed: {
    play(stage) {
      Object.defineProperty(window, "origin", { value: "null" });
      stage.close(4404);
    },
  },
  "back-to-the-previous": {
    tab: { previous: "c" },
    play: (stage) => stage.ready([stage.reply(GREETING)]),
  },
  "pasted-picture": {
    play(stage) {
      exchange(stage, "Yes, we do.");
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File(["x"], "lamp.png", { type: "image/png" }));
      const paste = new ClipboardEvent("paste", { clipboardData });
      document.getElementById("text")!.dispatchEvent(paste);
    },
  },
  alone: { alone: true, play: (stage) => exchange(stage, MARKDOWN) },
  "own-data": ownData(() => {}),
  "own-data-sent": ownData((_, dialog) => {
    dialog.querySelector<HTMLInputElement>("[type=email]")!.value = "zoe@example.com";
    dialog.querySelector<HTMLInputElement>("[type=checkbox]")!.checked = true;
    dialog.querySelector("form")!.requestSubmit();
  }, 202),
  "own-data-nothing": ownData((press) => press("own_download"), 204),
  "own-data-often": ownData((press) => press("own_download"), 429),
  "own-data-delete": ownData((press) => press("own_delete")),
};
