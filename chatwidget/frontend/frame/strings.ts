/** The texts that the frame's script shows. chatwidget/strings.py is the list, and translates it. */

/** The keys used here; a test holds them and strings.py together. */
export type Key =
  | "answer_again"
  | "ask_person"
  | "back"
  | "bad"
  | "budget_exhausted"
  | "cancel"
  | "check_person"
  | "checked"
  | "checking"
  | "closed"
  | "comment"
  | "comment_send"
  | "connecting"
  | "copied"
  | "copy"
  | "copy_code"
  | "email"
  | "good"
  | "gone"
  | "interrupted"
  | "leave_address"
  | "address_left"
  | "left"
  | "message_too_long"
  | "misconfigured"
  | "name"
  | "new_messages"
  | "not_sent"
  | "offline"
  | "optional"
  | "pictures"
  | "previous"
  | "products"
  | "provider_rate_limited"
  | "provider_rejected"
  | "provider_timeout"
  | "provider_unavailable"
  | "queued"
  | "rate_limited"
  | "reconnecting"
  | "retry"
  | "sandboxed"
  | "sending"
  | "stopped"
  | "suggestions"
  | "thanks"
  | "thinking"
  | "to_latest"
  | "too_many_pending"
  | "typing"
  | "you";

export type Strings = Record<Key, string>;

/** `text` with each {name} replaced. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
