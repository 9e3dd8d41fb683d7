/**
 * The first look: a script in the page itself, which shows what there is before the rest of the frame
 * (main.ts) has come, and keeps what the visitor does until then. The rest takes over the elements
 * that are there, so that nothing is drawn twice.
 */
import type { PageState } from "../bridge-protocol.ts";
import { sendable } from "./code-points.ts";
import { type Config, readConfig } from "./config.ts";
import { DateFormatter, region } from "./dates.ts";
import { byId, composing, el, focusText, focusWithFrame } from "./dom.ts";
import { greetingOf } from "./greeting.ts";
import { connectParentPage, type ParentPage } from "./parent-page.ts";
import type { Message } from "./protocol.ts";
import { openStores, openStoresOf, type Stores } from "./storage.ts";
import { paint, themed } from "./theme.ts";
import { openSocket } from "./transport.ts";
import { bubble, isPlain, plain, time } from "./view/bubble.ts";

export interface First {
  config: Config;
  stores: Stores;
  dates: DateFormatter;
  parent: ParentPage;
  /** Nobody has opened it yet: nothing is sent or stored before the embedding page speaks. */
  ahead: boolean;
  /** It is opened while the rest comes. */
  readonly socket: WebSocket | undefined;
  /** What a new visitor is greeted with, where the page knows it. */
  greeting: Message | undefined;
  /** Ends what this script does: `onState` gets all that the embedding page says. */
  takeOver(onState: (state: PageState) => void): void;
  /** What the visitor has sent. */
  sent: string[];
}

declare global {
  interface Window {
    chatwidget: First;
  }
}

/** What has not come by then may be tried again. */
const SILENT_MS = 6_000;

/** What the loader has in the frame's address: it makes it as soon as somebody comes near. */
const AHEAD = "#soon";

const ahead = location.hash === AHEAD;
const config = readConfig(document);
const dates = new DateFormatter(region(config.locale));
const text = byId<HTMLTextAreaElement>("text");
const log = byId("log");
const sent: string[] = [];
const states: PageState[] = [];

let onState = (state: PageState) => {
  if (state.open && !states.at(-1)?.open) focusWithFrame();
  states.push(state);
  if (ahead) connect();
  themed(state.theme ?? config.theme, state.scheme);
  byId("close").hidden = !!state.inline;
};
let awaited = ahead;
const parent = connectParentPage(window, (state) => {
  onState(state);
  // The visitor opened it; where that was before it had come, it has the focus and is not told so.
  if (awaited && state.open) focusText();
  awaited = false;
});
const stores = config.apart ? openStoresOf(config.slug, parent.origin) : openStores(config.slug);

function draw(mine: boolean, label: string, ...parts: (string | Node)[]): HTMLElement {
  const today = new Date().setHours(0, 0, 0, 0);
  if (!log.firstChild) log.append(el("div", { class: "day" }, dates.day(today, new Date())));
  const article = bubble(mine);
  article.ariaLabel = label;
  article.firstElementChild!.append(...parts);
  log.append(article);
  byId("dots").hidden = true;
  return article;
}

function submit(event: Event): void {
  event.preventDefault();
  const words = sendable(text.value);
  if (!words) return;
  const { sending, you } = config.strings;
  draw(true, `${you}, ${sending}`, words).lastElementChild!.append(sending);
  sent.push(words);
  text.value = "";
}

function close(): void {
  if (parent.embedded) parent.send({ type: "close" });
  else history.back();
}

/** The rest has not come. */
function offerAgain(): void {
  const again = byId("reconnect");
  byId("status").textContent = config.strings.not_sent;
  again.hidden = false;
  again.onclick = () => location.reload();
}

const mine = new AbortController();
const { signal } = mine;
const timer = setTimeout(offerAgain, SILENT_MS);
byId("composer").addEventListener("submit", submit, { signal });
byId("close").addEventListener("click", close, { signal });
document.addEventListener(
  "keydown",
  (event) => {
    if (composing(event)) return;
    if (event.key === "Escape" && parent.embedded) close();
    if (event.key === "Enter" && !event.shiftKey && event.target === text) submit(event);
  },
  { signal },
);
window.addEventListener("error", ({ target }) => target !== window && offerAgain(), {
  capture: true,
  signal,
});

paint(config);
byId("close").hidden = !parent.embedded && history.length < 2;
if (!text.value) text.value = stores.tab.value.draft ?? "";
// The visitor opened it (see `load` in ../loader/widget.ts): what is typed from now on is not lost.
if (location.hash && !ahead) focusText();

let socket: WebSocket | undefined;
function connect(): void {
  if (!stores.tab.value.stream) socket ??= openSocket(config.socket);
}
if (!ahead) connect();

const { visitor, conversation } = stores.visitor.value;
// A visitor whose conversations are not known here may have one.
const greeting =
  config.greeting && (!visitor || conversation === null) ? greetingOf(config.greeting) : undefined;
if (greeting && isPlain(greeting.text)) {
  const { created_at, text } = greeting;
  const clock = dates.clock(created_at);
  const row = el("div", { class: "row" }, time(created_at, clock));
  draw(false, `${config.agent}, ${clock}`, ...plain(text)).append(
    el("footer", { class: "last" }, row),
  );
} else if (greeting) import(config.markdown).catch(() => {}); // it is drawn once that is there

window.chatwidget = {
  config,
  stores,
  dates,
  parent,
  ahead,
  get socket() {
    return socket;
  },
  greeting,
  sent,
  takeOver(next) {
    mine.abort();
    clearTimeout(timer);
    onState = next;
    states.forEach(next);
  },
};
