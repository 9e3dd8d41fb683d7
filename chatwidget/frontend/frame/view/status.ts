/** Tells plainly how the connection is, and when it is back. */
import type { Connection } from "../connection.ts";
import { byId, toggle } from "../dom.ts";
import type { Key } from "../strings.ts";
import type { ViewContext } from "./context.ts";

/** A first connection that is quick needs no words. */
const PATIENCE_MS = 1_500;
const BACK_MS = 3_000;

export class Status {
  #context: ViewContext;
  #bar = byId("bar");
  #status = byId("status");
  #again = byId("reconnect");
  #composer = byId("composer");
  #shown: Key | "" = "";
  #lost = false;
  #timer = 0;

  constructor(context: ViewContext) {
    this.#context = context;
    this.#again.addEventListener("click", () => context.client.reconnect());
  }

  update({ phase, failures, offline, code }: Connection): void {
    const gone = code === 4403 || code === 4404;
    // Nothing can be sent any more.
    this.#composer.hidden = gone;
    toggle(this.#again, phase === "waiting" || (phase === "closed" && !gone));
    if (phase === "ready") {
      if (this.#lost) this.#say("back");
      else if (this.#shown !== "back") this.#say("");
      this.#lost = false;
    } else if (phase === "closed" || phase === "waiting" || failures > 0) {
      this.#lost = true;
      if (phase !== "closed") this.#say(offline ? "offline" : "reconnecting");
      else this.#say(gone ? (origin === "null" ? "sandboxed" : "gone") : "closed");
    } else if (!this.#shown && !this.#timer) {
      this.#later(() => this.#say("connecting"), PATIENCE_MS);
    }
  }

  #say(key: Key | ""): void {
    if (key && key === this.#shown) return;
    this.#shown = key;
    this.#bar.dataset.state = key;
    this.#status.textContent = key && this.#context.config.strings[key];
    this.#later(key === "back" ? () => this.#say("") : null, BACK_MS);
  }

  #later(call: (() => void) | null, ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = call ? window.setTimeout(call, ms) : 0;
  }
}
