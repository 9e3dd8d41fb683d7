/** What went wrong, in the visitor's words and with what to do next. */
import type { DateFormatter } from "./dates.ts";
import type { ErrorInfo, Message } from "./protocol.ts";
import { fill, type Strings } from "./strings.ts";

/**
 * Our text for an error's code, under that name in the strings. A code we do not know, and a finer
 * reason, is told in the server's words, which are meant for visitors too.
 */
export function explain(error: ErrorInfo, strings: Strings, dates: DateFormatter): string {
  const own = (strings as Record<string, string | undefined>)[error.code];
  if (own && !error.reason) return fill(own, { when: dates.wait(error.retry_after || 10) });
  return error.detail || strings.not_sent;
}

/** Why a reply is not whole, if it is not. */
export function reason({ status, error }: Message, strings: Strings, dates: DateFormatter): string {
  if (error) return explain(error, strings, dates);
  if (status === "failed") return strings.provider_unavailable;
  return status === "interrupted" || status === "stopped" ? strings[status] : "";
}
