/** The greeting that the page has for a new visitor, until the server has named it. */
import type { Message } from "./protocol.ts";

/** Its id until then. */
export const PAGE = "page";

export const greetingOf = (text: string): Message => ({
  id: PAGE,
  seq: 0,
  role: "assistant",
  text,
  status: "complete",
  created_at: new Date().toISOString(),
  attempt: 1,
});

/** The server's, which takes its place. */
export const isGreeting = ({ role, seq }: Message): boolean => role === "assistant" && seq === 1;
