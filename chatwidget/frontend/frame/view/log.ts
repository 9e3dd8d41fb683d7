/** The conversation: a keyed list of messages, the days between them, and the place one is at. */
import type { Chat } from "../conversation.ts";
import { byId, el, toggle } from "../dom.ts";
import { fill } from "../strings.ts";
import { dots } from "./bubble.ts";
import type { Offer, ViewContext } from "./context.ts";
import { MessageView } from "./message.ts";
import { Scroll } from "./scroll.ts";

export interface LogState {
  chat: Chat;
  /** What is sent now goes out now. */
  online: boolean;
  /** Nothing is known yet, not even a greeting, but it is on its way. */
  expecting: boolean;
  offer: Offer;
}

export class Log {
  #context: ViewContext;
  #log = byId("log");
  #latest = byId("latest");
  #latestLabel = this.#latest.lastElementChild!;
  #views = new Map<string, MessageView>();
  /** What the first look has drawn, in the order in which it is asked for. */
  #drawn = [...this.#log.querySelectorAll("article")];
  #chips: HTMLElement;
  #back: HTMLElement;
  #ask: HTMLElement;
  #typing = "";
  #dots = byId("dots");
  #scroll: Scroll;
  #more = false;
  #fresh = false;
  #lastKey = "";

  constructor(context: ViewContext) {
    this.#context = context;
    const { suggestions, strings } = context.config;
    const chip = (text: string) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: "pill", click: () => context.actions.send(text) },
          text,
        ),
      );
    this.#chips = el(
      "ul",
      { class: "chips", role: "list", "aria-label": strings.suggestions },
      ...suggestions.map(chip),
    );
    const back = () => context.client.goBack();
    this.#back = el("button", { type: "button", class: "plain", click: back }, strings.previous);
    const ask = () => context.actions.askPerson();
    this.#ask = el("button", { type: "button", class: "pill person", click: ask });
    this.#dots.after(this.#chips, this.#ask, this.#back);
    queueMicrotask(() => {
      for (const each of this.#drawn.splice(0)) each.remove();
    });
    this.#scroll = new Scroll(byId("scroller"), () => this.#moved());
    this.#latest.addEventListener("click", () => this.#scroll.toEnd());
  }

  /** What the visitor sends is always looked at. */
  toEnd(): void {
    this.#scroll.toEnd();
  }

  update({ chat, online, expecting, offer }: LogState): void {
    const { messages, queue } = chat;
    const now = new Date();
    const kept = new Set<string>();
    let at: Node | null = this.#log.firstChild;
    const place = (node: Node) => {
      if (node === at) at = node.nextSibling;
      else this.#log.insertBefore(node, at);
    };
    const drop = (node: ChildNode) => {
      if (node === at) at = node.nextSibling;
      node.remove();
    };
    let before = 0;
    const show = (key: string, mine: boolean, iso: string): MessageView => {
      kept.add(key);
      const view =
        this.#views.get(key) ?? new MessageView(this.#context, mine, this.#drawn.shift());
      this.#views.set(key, view);
      const midnight = this.#context.dates.midnight(iso);
      if (midnight !== before) {
        const day = this.#context.dates.day(midnight, now);
        if (view.day.textContent !== day) view.day.textContent = day;
        place(view.day);
      } else drop(view.day);
      before = midnight;
      place(view.article);
      return view;
    };
    let asked = chat.more;
    messages.forEach((message, i) => {
      const mine = message.role === "user";
      asked ||= mine;
      const view = show(message.client ?? message.id, mine, message.created_at);
      view.update(message, i === messages.length - 1, asked);
    });
    const { strings } = this.#context.config;
    for (const unsent of queue) {
      show(unsent.id, true, unsent.at).wait(unsent, online ? strings.sending : strings.queued);
    }
    toggle(this.#dots, expecting || !!chat.typing);
    if (chat.typing !== this.#typing) {
      this.#typing = chat.typing;
      const label = chat.typing && fill(strings.typing, { agent: chat.typing });
      this.#dots.firstElementChild!.replaceChildren(dots(label));
    }
    if (offer) this.#ask.textContent = strings[offer];
    toggle(this.#ask, !!offer && online);
    toggle(this.#chips, !asked && !queue[0] && !!messages[0] && !!this.#chips.firstChild);
    toggle(this.#back, !asked && !queue[0] && !!this.#context.client.previous);
    for (const [key, view] of this.#views) {
      if (kept.has(key)) continue;
      view.day.remove();
      view.article.remove();
      this.#views.delete(key);
    }
    this.#more = chat.more;
    const last = queue.at(-1)?.id ?? messages.at(-1)?.id ?? "";
    this.#fresh ||= last !== this.#lastKey && !this.#scroll.following;
    this.#lastKey = last;
    this.#label();
  }

  /** Scrolled, or laid out anew: only now is it known whether this is the beginning. */
  #moved(): void {
    this.#label();
    if (this.#scroll.early && this.#more) this.#context.client.older();
  }

  #label(): void {
    const { following } = this.#scroll;
    if (following) this.#fresh = false;
    toggle(this.#latest, !following);
    const { new_messages, to_latest } = this.#context.config.strings;
    this.#latest.classList.toggle("fresh", this.#fresh);
    const label = this.#fresh ? new_messages : to_latest;
    if (this.#latestLabel.textContent !== label) this.#latestLabel.textContent = label;
  }
}
