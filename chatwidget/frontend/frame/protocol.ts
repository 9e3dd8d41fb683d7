/**
 * The frames of protocol version 1, each declared once: its fields' checks are its type, too.
 *
 * Lengths and offsets count Unicode code points. The examples in docs/protocol.md are read by both
 * languages' tests, as is tests/fixtures/protocol.json, so that this file and protocol.py cannot
 * drift.
 */

type Check<T> = (value: unknown) => value is T;
type Checked<C> = C extends Check<infer T> ? T : never;
type Fields = Record<string, Check<unknown>>;
/** The fields that may be absent. */
type Optional<F> = { [K in keyof F]: undefined extends Checked<F[K]> ? K : never }[keyof F];
type Shape<F> = { [K in Exclude<keyof F, Optional<F>>]: Checked<F[K]> } & {
  [K in Optional<F>]?: Exclude<Checked<F[K]>, undefined>;
};

const string = (value: unknown) => typeof value === "string";
const number = (value: unknown) => typeof value === "number";
const boolean = (value: unknown) => typeof value === "boolean";
const count = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0;
const anything = (_: unknown): _ is unknown => true;
/** Absent and null say the same. */
const maybe =
  <T>(check: Check<T>) =>
  (value: unknown): value is T | null | undefined =>
    value == null || check(value);
const list =
  <T>(check: Check<T>) =>
  (value: unknown): value is T[] =>
    Array.isArray(value) && value.every(check);
const shape =
  <F extends Fields>(fields: F) =>
  (value: unknown): value is Shape<F> =>
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
  /** A finer name than the code: then the server's words say more than ours. */
  reason: maybe(string),
};

const message = shape({
  id: string,
  seq: number,
  /** `user`, `assistant`, `operator` or `event`; any other is shown as plain text. */
  role: string,
  text: string,
  /** pending, streaming, complete, stopped, failed or interrupted; any other counts as ended. */
  status: string,
  created_at: string,
  attempt: maybe(number),
  ui: anything,
  rating: maybe(number),
  error: maybe(shape(errorFields)),
  /** The person who wrote it, or of whom the event tells. */
  author: maybe(shape({ name: string })),
  /** Of an event: `joined`, `left`, `asked` or `away`. */
  event: maybe(string),
});

/** What can be solved, so that it need not be waited: a proof of work, or somebody else's. */
const challenge = shape({
  /** `altcha`, `turnstile` or `hcaptcha`. */
  kind: string,
  site_key: maybe(string),
  parameters: anything,
  signature: maybe(string),
});

const FRAMES = {
  ready: {
    protocol: number,
    visitor: string,
    conversation: (value: unknown): value is string | null => value === null || string(value),
    messages: list(message),
    more: boolean,
    limits: shape({ max_length: number }),
    features: maybe(shape({ email: anything })),
  },
  accepted: { id: string, message, conversation: string },
  message: { message },
  delta: { id: string, offset: count, text: string },
  /** What the agent does before it goes on writing, such as a tool; empty: nothing any more. */
  activity: { id: string, text: string },
  done: {
    id: string,
    status: string,
    length: count,
    ui: anything,
    error: maybe(shape(errorFields)),
  },
  typing: { author: shape({ name: string }) },
  history: { messages: list(message), more: boolean },
  error: { ...errorFields, id: maybe(string), challenge: maybe(challenge) },
  solved: {},
  pong: {},
};

export type ErrorInfo = Shape<typeof errorFields>;
export type Message = Checked<typeof message>;
export type Challenge = Checked<typeof challenge>;
/** The server's frame of a type. */
export type Frame<T extends keyof typeof FRAMES> = { type: T } & Shape<(typeof FRAMES)[T]>;
export type ServerFrame = { [T in keyof typeof FRAMES]: Frame<T> }[keyof typeof FRAMES];

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

/** The types of frame that `parseServerFrame` knows. */
export const serverTypes = (): string[] => Object.keys(FRAMES);

/** The frame that `data` (what a websocket handed us) is, or null where it is none. */
export function parseServerFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  let frame: { type?: unknown } | null;
  try {
    frame = JSON.parse(data);
  } catch {
    return null;
  }
  const type = frame?.type as keyof typeof FRAMES;
  return Object.hasOwn(FRAMES, type) && shape(FRAMES[type])(frame) ? (frame as ServerFrame) : null;
}
