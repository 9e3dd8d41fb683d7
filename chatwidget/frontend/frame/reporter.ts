/** What comes from the server, as the embedding page is told of it, and the visitor beside the chat. */
import type { ChatClient } from "./chat-client.ts";
import { chime } from "./chime.ts";
import type { Config } from "./config.ts";
import { type Chat, isRunning, running } from "./conversation.ts";
import type { DateFormatter } from "./dates.ts";
import { explain } from "./errors.ts";
import type { ParentPage } from "./parent-page.ts";
import type { Challenge, Frame, Message, ServerFrame } from "./protocol.ts";
import type { UnreadCounter } from "./unread.ts";
import type { Composer } from "./view/composer.ts";
import type { CurrentVisitor } from "./visitor.ts";

export class Reporter {
  #config: Config;
  #parent: ParentPage;
  #client: ChatClient;
  #composer: Composer;
  #visitor: CurrentVisitor;
  #unread: UnreadCounter;
  #dates: DateFormatter;
  /** A challenge is being solved. */
  #solves = false;

  constructor(
    config: Config,
    parent: ParentPage,
    client: ChatClient,
    composer: Composer,
    visitor: CurrentVisitor,
    unread: UnreadCounter,
    dates: DateFormatter,
  ) {
    this.#config = config;
    this.#parent = parent;
    this.#client = client;
    this.#composer = composer;
    this.#visitor = visitor;
    this.#unread = unread;
    this.#dates = dates;
  }

  /** A frame made this chat of the one before. */
  report(frame: ServerFrame, before: Chat, chat: Chat): void {
    if (frame.type === "ready") {
      this.#parent.send({ type: "ready" });
      const { identity, isNamed } = this.#visitor;
      if (isNamed) this.#parent.send({ type: "identify", detail: identity });
    } else if (frame.type === "accepted" && chat !== before) {
      this.#composer.notify("");
      const { id, role, text } = frame.message;
      this.#parent.send({ type: "message", detail: { id, role, text } });
    } else if (frame.type === "error") {
      if (frame.challenge) this.#solve(frame, frame.challenge);
      else this.#composer.notify(explain(frame, this.#config.strings, this.#dates));
      this.#parent.send({ type: "error", detail: frame.code });
    } else if (frame.type === "solved") {
      this.#composer.notify(this.#config.strings.checked, true);
    }
    this.#compare(frame, before, chat);
  }

  /** What is held goes on once this is solved; where it cannot be, it waits as it would without. */
  async #solve(error: Frame<"error">, challenge: Challenge): Promise<void> {
    const { strings, challenge: address } = this.#config;
    if (this.#solves) return;
    this.#solves = true;
    this.#composer.notify(strings[challenge.site_key ? "check_person" : "checking"]);
    try {
      const { solve }: typeof import("../challenge/main.ts") = await import(address);
      this.#client.sendFrame({ type: "solve", solution: await solve(challenge) });
    } catch {
      this.#composer.notify(explain(error, strings, this.#dates));
    }
    this.#solves = false;
  }

  /** Of replies that ended the embedding page is told, and the visitor who looks elsewhere. */
  #compare(frame: ServerFrame, before: Chat, after: Chat): void {
    const runs = !!running(after);
    if (frame.type === "ready" || runs !== !!running(before))
      this.#parent.send({ type: "running", detail: runs });
    const ended: Message[] = before.messages
      .filter(isRunning)
      .flatMap(({ id }) => after.messages.find((each) => each.id === id && !isRunning(each)) ?? []);
    // What a person writes comes whole.
    if (frame.type === "message" && frame.message.role === "operator") ended.push(frame.message);
    for (const { id, role, text, error } of ended) {
      this.#parent.send({ type: "message", detail: { id, role, text } });
      if (error) this.#parent.send({ type: "error", detail: error.code });
    }
    if (ended.length > 0 && this.#unread.away && this.#config.sound) chime();
  }
}
