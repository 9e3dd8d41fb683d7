/**
 * The frames of protocol version 1, and a parser of unknown input.
 *
 * Lengths and offsets count Unicode code points. Both languages read the same table of valid and
 * invalid frames, tests/fixtures/protocol.json, so that this file and protocol.py cannot drift.
 */

export interface ErrorInfo {
  code: string;
  detail: string;
  retryable: boolean;
  retry_after?: number | null;
  /** A finer name than the code: then the server's words say more than ours. */
  reason?: string | null;
}

export interface Message {
  id: string;
  seq: number;
  /** `user`, `assistant`, `operator` or `event`; any other is shown as plain text. */
  role: string;
  text: string;
  /** pending, streaming, complete, stopped, failed or interrupted; any other counts as ended. */
  status: string;
  created_at: string;
  attempt?: number | null;
  ui?: unknown;
  rating?: number | null;
  error?: ErrorInfo | null;
  /** The person who wrote it, or of whom the event tells. */
  author?: { name: string } | null;
  /** Of an event: `joined`, `left`, `asked` or `away`. */
  event?: string | null;
}

export interface Ready {
  type: "ready";
  protocol: number;
  visitor: string;
  conversation: string | null;
  messages: Message[];
  more: boolean;
  limits: { max_length: number };
  features?: { email?: boolean } | null;
}

export interface Done {
  type: "done";
  id: string;
  status: string;
  length: number;
  ui?: unknown;
  error?: ErrorInfo | null;
}

export interface Delta {
  type: "delta";
  id: string;
  offset: number;
  text: string;
}

/** What the agent does before it goes on writing, such as a tool; empty: nothing any more. */
export interface Activity {
  type: "activity";
  id: string;
  text: string;
}

export interface Accepted {
  type: "accepted";
  id: string;
  message: Message;
  conversation: string;
}

/** What can be solved, so that it need not be waited: a proof of work, or somebody else's. */
export interface Challenge {
  /** `altcha`, `turnstile` or `hcaptcha`. */
  kind: string;
  site_key?: string;
  parameters?: unknown;
  signature?: string;
}

export interface ErrorFrame extends ErrorInfo {
  type: "error";
  id?: string | null;
  challenge?: Challenge | null;
}

export type ServerFrame =
  | Ready
  | Accepted
  | { type: "message"; message: Message }
  | Delta
  | Activity
  | Done
  | { type: "typing"; author: { name: string } }
  | { type: "history"; messages: Message[]; more: boolean }
  | ErrorFrame
  | { type: "solved" }
  | { type: "pong" };

export interface Hello {
  type: "hello";
  token: string;
  visitor?: string;
  /** Absent: the visitor's latest; null: a new one. */
  conversation?: string | null;
  page?: { url: string; title: string; referrer: string; origin?: string };
  locale?: string;
  identity?: { id?: string; name?: string; email?: string; proof?: string };
}

export interface Profile {
  type: "profile";
  name?: string;
  email?: string;
  /** The version of the consent text that was agreed to. */
  consent?: string;
}

export type ClientFrame =
  | Hello
  | { type: "send"; id: string; text: string }
  | { type: "stop"; id: string }
  | { type: "retry"; id: string; attempt?: number }
  | { type: "new" }
  | { type: "rate"; id: string; value: 1 | -1 | 0; comment?: string }
  | Profile
  | { type: "page"; url: string; title: string }
  | { type: "history"; before: string }
  | { type: "typing" }
  | { type: "ask_person" }
  | { type: "ack"; id: string; offset: number }
  | { type: "solve"; solution: string }
  | { type: "ping" };

type Check = (value: unknown) => boolean;

const string: Check = (value) => typeof value === "string";
const number: Check = (value) => typeof value === "number";
const boolean: Check = (value) => typeof value === "boolean";
const count: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
const anything: Check = () => true;
/** Absent and null say the same. */
const maybe =
  (check: Check): Check =>
  (value) =>
    value == null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shape =
  (fields: Record<string, Check>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(fields).every(([name, check]) =>
      check((value as Record<string, unknown>)[name]),
    );

const errorFields = {
  code: string,
  detail: string,
  retryable: boolean,
  retry_after: maybe(number),
  reason: maybe(string),
};
const message = shape({
  id: string,
  seq: number,
  role: string,
  text: string,
  status: string,
  created_at: string,
  attempt: maybe(number),
  ui: anything,
  rating: maybe(number),
  error: maybe(shape(errorFields)),
  author: maybe(shape({ name: string })),
  event: maybe(string),
});

const frames: Map<string, Check> = new Map(
  Object.entries({
    ready: shape({
      protocol: number,
      visitor: string,
      conversation: (value) => value === null || string(value),
      messages: list(message),
      more: boolean,
      limits: shape({ max_length: number }),
      features: maybe(shape({})),
    }),
    accepted: shape({ id: string, message, conversation: string }),
    message: shape({ message }),
    delta: shape({ id: string, offset: count, text: string }),
    activity: shape({ id: string, text: string }),
    done: shape({ id: string, status: string, length: count, error: maybe(shape(errorFields)) }),
    typing: shape({ author: shape({ name: string }) }),
    history: shape({ messages: list(message), more: boolean }),
    error: shape({
      ...errorFields,
      id: maybe(string),
      challenge: maybe(shape({ kind: string })),
    }),
    solved: anything,
    pong: anything,
  }),
);

/** The types of frame that `parseServerFrame` knows. */
export const serverTypes = (): string[] => [...frames.keys()];

/** The frame that `data` (what a websocket handed us) is, or null where it is none. */
export function parseServerFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  let frame: { type?: unknown } | null;
  try {
    frame = JSON.parse(data);
  } catch {
    return null;
  }
  const check = frames.get(frame?.type as string);
  return check?.(frame) ? (frame as ServerFrame) : null;
}
