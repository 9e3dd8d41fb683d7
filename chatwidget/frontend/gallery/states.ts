/** Every state of the widget. A test looks whether each text that a visitor can meet is met here. */
import { readConfig } from "../frame/config.ts";
import { appears, exchange, fails, failure, outOfHours, ownData, refuses } from "./scenes.ts";
import * as shop from "./shop.ts";
import type { Scene } from "./stage.ts";

export const states: Record<string, Scene> = {
  connecting: {},
  "connecting-slowly": {
    async play() {
      await new Promise((resolve) => setTimeout(resolve, 1_600));
    },
  },
  greeting: {
    config: { suggestions: shop.SUGGESTIONS },
    play: (stage) => stage.ready([stage.reply(shop.GREETING)]),
  },
  sending: {
    async play(stage) {
      stage.ready([stage.reply(shop.GREETING)]);
      stage.app.send(shop.QUESTION);
    },
  },
  thinking: { play: (stage) => exchange(stage, "", { status: "pending" }) },
  streaming: {
    play: (stage) => exchange(stage, shop.MARKDOWN.slice(0, 260), { status: "streaming" }),
  },
  reply: { play: (stage) => exchange(stage, shop.MARKDOWN) },
  code: { play: (stage) => exchange(stage, shop.CODE) },
  elements: { play: (stage) => exchange(stage, shop.ELEMENTS) },
  directions: { play: (stage) => exchange(stage, shop.DIRECTIONS) },
  formula: {
    async play(stage) {
      exchange(stage, shop.FORMULA);
      await appears("p ~ p math");
    },
  },
  reasoning: {
    async play(stage) {
      exchange(stage, shop.REASONING);
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
    config: { imageHosts: [shop.IMAGE_HOST] },
    play: (stage) => exchange(stage, "These are our favourites this week:", { ui: shop.PRODUCTS }),
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
      const asked = [stage.reply(shop.GREETING), stage.user("I would like to talk to a person.")];
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
  checking: refuses("rate_limited", { challenge: shop.UNSOLVABLE }),
  "check-person": refuses("rate_limited", { challenge: { ...shop.UNSOLVABLE, site_key: "x" } }),
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
        stage.reply(shop.GREETING, past(9)),
        stage.user("Do you have a blue mug?", past(9)),
        stage.reply("We do: **Atlantic**, 300 ml.", past(9)),
        stage.user("Thanks! Is it dishwasher safe?", past(1)),
        stage.reply("It is.", { ...past(1), rating: 1 }),
        stage.user(shop.QUESTION),
        stage.user("Santiago, to be exact."),
        stage.reply(shop.MARKDOWN),
      ]);
    },
  },
  "scrolled-up": {
    async play(stage) {
      exchange(stage, shop.MARKDOWN + shop.CODE);
      await stage.shown();
      document.getElementById("scroller")!.scrollTop = 40;
      await stage.shown();
    },
  },
  "new-messages": {
    async play(stage) {
      exchange(stage, shop.MARKDOWN + shop.CODE);
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
    config: { prechat: shop.PRECHAT },
    play(stage) {
      stage.ready([stage.reply(shop.GREETING)]);
      stage.app.send(shop.QUESTION);
    },
  },
  "email-asked": {
    play(stage) {
      stage.ready([stage.reply(shop.GREETING)], { features: { email: true } });
      stage.app.send(shop.QUESTION);
    },
  },
  person: {
    play(stage) {
      const author = { name: "Ana Rojas" };
      stage.ready([
        stage.reply(shop.GREETING),
        stage.user(shop.QUESTION),
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
  "nobody-there": outOfHours(),
  "address-offered": outOfHours(({ app }) => app.postponePrechat()),
  "address-left": outOfHours(({ app }) => app.submitPrechat({ email: "zoe@example.com" })),
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
    play: (stage) => stage.ready([stage.reply(shop.GREETING)]),
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
  alone: { alone: true, play: (stage) => exchange(stage, shop.MARKDOWN) },
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
