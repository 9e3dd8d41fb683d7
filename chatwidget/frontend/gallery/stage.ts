/** A frame with a server of our own hand: each state of the gallery is a short play on it. */
import { App } from "../frame/app.ts";
import { type Config, readConfig } from "../frame/config.ts";
import { DateFormatter, region } from "../frame/dates.ts";
import type { Challenge, ClientFrame, ErrorInfo, Message, ServerFrame } from "../frame/protocol.ts";
import type { WebSocketLike } from "../frame/socket.ts";
import { memoryStores, type Tab } from "../frame/storage.ts";

export interface Scene {
  /** What this state's widget is configured with. */
  config?: Partial<Config>;
  tab?: Tab;
  /** A page of its own, without an embedding page. */
  alone?: boolean;
  /** With this status whoever asks for their own data is answered. */
  ownData?: number;
  play?(stage: Stage): void | Promise<void>;
}

export class Stage {
  readonly app: App;
  #socket: WebSocketLike | null = null;
  #sent: ClientFrame[] = [];
  #seq = 0;
  #minutes = -9;

  constructor({ config = {}, tab = {}, alone = false, ownData: status = 0 }: Scene) {
    const headers = { "Retry-After": "1800" };
    if (status) window.fetch = async () => new Response(null, { status, headers });
    const open = () => {
      const send = (data: string) => this.#sent.push(JSON.parse(data));
      this.#socket = { send, close() {}, onopen: null, onmessage: null, onclose: null };
      return this.#socket;
    };
    const whole = { ...readConfig(document), ...config };
    this.app = new App(
      whole,
      { embedded: !alone, origin: "", send() {} },
      {
        open,
        fetchToken: () => new Promise((resolve) => status && resolve("")),
        // Nothing happens by itself here: no ping, no reconnect.
        after: () => 0,
        cancel() {},
        random: () => 0.5,
      },
      memoryStores({}, tab),
      new DateFormatter(region(whole.locale)),
    );
    this.app.start();
  }

  /** The server says this. */
  say(frame: ServerFrame): void {
    this.#socket?.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The connection is there, with these messages. */
  ready(
    messages: Message[] = [],
    more: Partial<Extract<ServerFrame, { type: "ready" }>> = {},
  ): void {
    this.#socket?.onopen?.();
    this.say({
      type: "ready",
      protocol: 1,
      visitor: "v",
      conversation: messages.length > 1 ? "c" : null,
      messages,
      more: false,
      limits: { max_length: 4000 },
      ...more,
    });
  }

  /** The server refuses what the visitor sent last. */
  refuse(error: ErrorInfo & { challenge?: Challenge }): void {
    const send = this.#sent.filter((frame) => frame.type === "send").at(-1);
    this.say({ type: "error", ...error, id: send!.id });
  }

  close(code: number): void {
    this.#socket?.onclose?.({ code });
  }

  user(text: string, more: Partial<Message> = {}): Message {
    return this.message("user", text, more);
  }

  reply(text: string, more: Partial<Message> = {}): Message {
    return this.message("assistant", text, { attempt: 1, ...more });
  }

  message(role: string, text: string, more: Partial<Message> = {}): Message {
    const seq = ++this.#seq;
    const created_at = new Date(Date.now() + this.#minutes++ * 60_000).toISOString();
    return { id: `m${seq}`, seq, role, text, status: "complete", created_at, ...more };
  }

  type(text: string): void {
    const area = document.getElementById("text") as HTMLTextAreaElement;
    area.value = text;
    area.dispatchEvent(new Event("input"));
  }

  submit(): void {
    (document.getElementById("composer") as HTMLFormElement).requestSubmit();
  }

  /** Presses the button of this name once it is there. */
  async press(name: string): Promise<void> {
    await this.shown();
    this.#button(name)!.click();
  }

  /** A button that is named so only when something slow is done, as the clipboard is. */
  async becomes(name: string): Promise<void> {
    while (!this.#button(name)) await this.shown();
  }

  #button(name: string): HTMLElement | undefined {
    const buttons = [...document.querySelectorAll<HTMLElement>("button:not([hidden])")];
    return buttons.find((each) => each.ariaLabel === name || each.textContent === name);
  }

  /** What was said so far is on the screen, and laid out. */
  async shown(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}
