/** The live list: who waits, what is unread, who is here; it says so when something is new. */
import { chime } from "../frame/chime.ts";
import { el } from "../frame/dom.ts";
import { fill } from "../frame/strings.ts";
import { inZone, type Words } from "./lines.ts";
import type { LiveConversation } from "./staff-protocol.ts";
import { type Paths, StaffSocket, trouble } from "./staff-socket.ts";

interface Given extends Paths {
  /** The address of a conversation's page, with ID in the place of its id. */
  conversation: string;
  locale: string;
  /** The admin's clock. */
  zone: string;
  words: Words;
}

/** What this browser has switched on is kept under these. */
const SOUND = "chatwidget:live:sound";
const NOTIFY = "chatwidget:live:notify";

export function showLive(): void {
  const given = document.getElementById("cw-live");
  if (given) new LiveList(JSON.parse(given.textContent ?? ""));
}

class LiveList {
  #given: Given;
  #list = document.querySelector<HTMLElement>(".cw-live-list")!;
  #status = document.querySelector<HTMLElement>(".cw-live-status")!;
  #title = document.title;
  /** What was listed before; null: nothing yet, and then nothing of it is news. */
  #known: Map<string, LiveConversation> | null = null;
  #items = new Map<string, HTMLElement>();
  #time: Intl.DateTimeFormat;

  constructor(given: Given) {
    this.#given = given;
    const { locale, zone, words } = given;
    this.#time = inZone(
      zone,
      (timeZone) => new Intl.DateTimeFormat(locale, { timeStyle: "short", timeZone }),
    );
    this.#status.textContent = words.connecting ?? "";
    this.#setting(".cw-live-sound", SOUND);
    this.#setting(".cw-live-notify", NOTIFY);
    new StaffSocket(given, {
      hello: { locale },
      frame: () => {},
      staff: (frame) => {
        if (frame.type === "live") this.#show(frame.conversations);
      },
      changed: (state) => {
        const told = trouble(state);
        if (told) this.#status.textContent = words[told] ?? "";
      },
    });
  }

  /** A box that is ticked stays so in this browser. */
  #setting(selector: string, key: string): void {
    const box = document.querySelector<HTMLInputElement>(selector)!;
    const blocked = () => key === NOTIFY && Notification.permission === "denied";
    box.checked = localStorage.getItem(key) === "on" && !blocked();
    box.addEventListener("change", async () => {
      if (box.checked && key === NOTIFY) await Notification.requestPermission();
      if (box.checked && key === SOUND) chime();
      if (blocked()) {
        box.checked = false;
        this.#status.textContent = this.#given.words.blocked ?? "";
      }
      localStorage.setItem(key, box.checked ? "on" : "off");
    });
  }

  #show(conversations: LiveConversation[]): void {
    const { words } = this.#given;
    const waiting = conversations.filter((each) => each.asked_at).length;
    const unread = conversations.filter((each) => each.unread).length;
    document.title = waiting || unread ? `(${waiting || unread}) ${this.#title}` : this.#title;
    this.#status.textContent = conversations.length ? "" : (words.nothing ?? "");
    const before = this.#known;
    this.#known = new Map(conversations.map((each) => [each.id, each]));
    for (const each of conversations) {
      const known = before?.get(each.id);
      if (!known || JSON.stringify(known) !== JSON.stringify(each)) this.#draw(each);
      if (before) this.#tell(each, known);
    }
    for (const [id, item] of this.#items) {
      if (this.#known.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    // In order, and only what has moved: the focus stays where it is.
    conversations.forEach(({ id }, i) => {
      const item = this.#items.get(id)!;
      if (this.#list.children[i] !== item) {
        this.#list.insertBefore(item, this.#list.children[i] ?? null);
      }
    });
  }

  #draw(each: LiveConversation): void {
    const { words, conversation } = this.#given;
    const at = new Date(each.at);
    const flag = (text: string, kind = "") => el("span", { class: `cw-flag ${kind}` }, text);
    const link = el(
      "a",
      { href: conversation.replace("ID", each.id) },
      el("strong", {}, this.#who(each)),
      el("span", { class: "cw-quiet" }, each.widget),
      each.asked_at && flag(words.waits ?? "", "cw-warn"),
      each.unread > 0 && flag(fill(words.unread ?? "", { count: each.unread }), "cw-good"),
      flag((each.mine ? words.mine : each.staff || words.agent) ?? ""),
      el(
        "span",
        { class: each.here ? "cw-here" : "cw-quiet" },
        (each.here ? words.here : words.gone) ?? "",
      ),
      el("time", { datetime: each.at, class: "cw-quiet" }, this.#time.format(at)),
      el("span", { class: "cw-words" }, each.words),
      each.page && el("span", { class: "cw-quiet cw-page" }, each.page),
    );
    const item = this.#items.get(each.id) ?? el("li");
    const focused = item.contains(document.activeElement);
    item.classList.toggle("cw-waits", !!each.asked_at);
    item.replaceChildren(link);
    if (focused) link.focus();
    this.#items.set(each.id, item);
  }

  #who(each: LiveConversation): string {
    return each.who || fill(this.#given.words.visitor ?? "", { end: each.visitor });
  }

  /** Somebody waits, or has written to a person: by a sound and a notification, where allowed. */
  #tell(each: LiveConversation, known: LiveConversation | undefined): void {
    const { words, conversation } = this.#given;
    const asks = each.asked_at && !known?.asked_at;
    const writes = each.unread > (known?.unread ?? 0) && (each.mine || !each.staff);
    if (!asks && !writes) return;
    if (localStorage.getItem(SOUND) === "on") chime();
    if (localStorage.getItem(NOTIFY) !== "on" || Notification.permission !== "granted") return;
    if (!document.hidden) return;
    const title = fill((asks ? words.asks : words.writes) ?? "", { who: this.#who(each) });
    const told = new Notification(title, { body: each.words, tag: each.id });
    told.addEventListener("click", () => {
      window.open(conversation.replace("ID", each.id));
      told.close();
    });
  }
}
