/**
 * The second transport: server-sent events down and POST up, as a WebSocketLike. The first frame
 * (the hello) opens the stream; what is sent while one POST is under way goes with the next.
 */
import type { WebSocketLike } from "./socket.ts";

export class EventStream implements WebSocketLike {
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onclose: WebSocketLike["onclose"] = null;
  #url: string;
  #works: () => void;
  #abort = new AbortController();
  /** Named by the stream's first event; before that frames wait. */
  #id = "";
  #begun = false;
  #waiting: string[] = [];
  #posting = false;

  /** `works` is called when the server has answered the hello. */
  constructor(url: string, works: () => void) {
    this.#url = url;
    this.#works = works;
    queueMicrotask(() => this.onopen?.());
  }

  send(data: string): void {
    if (this.#begun) {
      this.#waiting.push(data);
      this.#post();
    } else {
      this.#begun = true;
      this.#read(data).catch(() => this.#closed(1006));
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(hello: string): Promise<void> {
    const response = await this.#fetch("", hello);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return this.#closed(1006);
      const events = (rest + value).split("\n\n");
      rest = events.pop()!;
      for (const event of events) {
        const [, name, data] = /^(?:event: (\w+)\n)?data: (.*)$/s.exec(event) ?? [];
        if (name === "open") {
          this.#id = data!;
          this.#works();
          this.#post();
        } else if (name === "close") return this.#closed(Number(data));
        else this.onmessage?.({ data });
      }
    }
  }

  async #post(): Promise<void> {
    if (this.#posting || !this.#id) return;
    this.#posting = true;
    while (this.#waiting.length) {
      const frames = this.#waiting.splice(0, 32).join("\n");
      try {
        await this.#fetch(`${this.#id}/`, frames);
      } catch {
        // The stream is gone, or this frame is: another `ready` tells what has arrived.
        return this.#closed(1006);
      }
    }
    this.#posting = false;
  }

  async #fetch(path: string, body: string): Promise<Response> {
    const { signal } = this.#abort;
    const response = await fetch(this.#url + path, { method: "POST", body, signal });
    if (!response.ok) throw new Error(`${response.status}`);
    return response;
  }

  #closed(code: number): void {
    this.close();
    const tell = this.onclose;
    this.onclose = null;
    tell?.({ code });
  }
}
