/** What went wrong, in the visitor's words and with what to do next. */
import type { ErrorInfo } from "./protocol.ts";
import { fill, type Key, type Strings } from "./strings.ts";

const OWN: Record<string, Key> = {
  interrupted: "interrupted",
  message_too_long: "message_too_long",
  misconfigured: "misconfigured",
  provider_rate_limited: "provider_rate_limited",
  provider_rejected: "provider_rejected",
  provider_timeout: "provider_timeout",
  provider_unavailable: "provider_unavailable",
  rate_limited: "rate_limited",
  too_many_pending: "too_many_pending",
};

/** A code we do not know is told in the server's words, which are meant for visitors too. */
export function explain(
  error: ErrorInfo,
  strings: Strings,
  wait: (seconds: number) => string,
): string {
  const key = OWN[error.code];
  const when = wait(error.retry_after || 10);
  return key ? fill(strings[key], { when }) : error.detail || strings.not_sent;
}
