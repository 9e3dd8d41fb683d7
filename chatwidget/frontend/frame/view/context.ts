/** What all parts of the view share. */
import type { ChatClient } from "../chat-client.ts";
import type { Config } from "../config.ts";
import type { DateFormatter } from "../dates.ts";
import type { Draft } from "../draft.ts";
import type { Profile } from "../protocol.ts";

/** What the button below the conversation says, and does; empty: there is none. */
export type Offer = "" | "ask_person" | "leave_address";

/** What a visitor can do, beside talking. */
export interface Actions {
  /** False: not now (a form is asked first); a text that was `typed` is to stay where it is. */
  send(text: string, typed?: boolean): boolean;
  close(): void;
  /** The Escape key, where nothing else has taken it. */
  escape(): void;
  /** The form before the first message was filled in, or postponed. */
  submitPrechat(profile: Omit<Profile, "type">): void;
  postponePrechat(): void;
  /** For a person; or, where nobody is there, for the form that leaves an address. */
  askPerson(): void;
}

export interface ViewContext {
  config: Config;
  actions: Actions;
  client: ChatClient;
  draft: Draft;
  dates: DateFormatter;
  /** The embedding page's address, which relative links are relative to; a page of its own has none. */
  base(): string | undefined;
}
