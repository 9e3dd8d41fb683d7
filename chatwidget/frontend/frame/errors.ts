/** What went wrong, in the visitor's words and with what to do next. */
import type { ErrorInfo } from "./protocol.ts";
import { fill, type Strings } from "./strings.ts";

/**
 * Our text for an error's code, under that name in the strings. A code we do not know is told in the
 * server's words, which are meant for visitors too.
 */
export function explain(
  error: ErrorInfo,
  strings: Strings,
  wait: (seconds: number) => string,
): string {
  const own = (strings as Record<string, string | undefined>)[error.code];
  if (own) return fill(own, { when: wait(error.retry_after || 10) });
  return error.detail || strings.not_sent;
}
