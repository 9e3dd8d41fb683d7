/**
 * The frames of protocol version 1, each declared once: its fields' checks are its type, too.
 *
 * Lengths and offsets count Unicode code points. The examples in docs/protocol.md are read by both
 * languages' tests, as is tests/fixtures/protocol.json, so that this file and protocol.py cannot
 * drift.
 */

import {
  anything,
  boolean,
  type Checked,
  count,
  type FrameOf,
  list,
  maybe,
  number,
  parseFrame,
  type Shape,
  shape,
  string,
} from "./shapes.ts";

const errorFields = {
  code: string,
  detail: string,
  retryable: boolean,
  retry_after: maybe(number),
};

const errorInfo = shape({
  ...errorFields,
  /** A finer name than the code: then the server's words say more than ours. */
  reason: maybe(string),
});

const messageFields = {
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
  error: maybe(errorInfo),
  /** The person who wrote it, or of whom the event tells. */
  author: maybe(shape({ name: string })),
  /** Of an event: `joined`, `left`, `asked` or `away`. */
  event: maybe(string),
};
const message = shape(messageFields);

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
    gone: anything,
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
    error: maybe(errorInfo),
  },
  typing: { author: shape({ name: string }) },
  history: { messages: list(message), more: boolean },
  error: { ...errorFields, id: maybe(string), challenge: maybe(challenge) },
  solved: {},
  pong: {},
};

export type ErrorInfo = Checked<typeof errorInfo>;
export type Message = Shape<typeof messageFields>;
export type Challenge = Checked<typeof challenge>;
export type ServerFrame = FrameOf<typeof FRAMES>;
/** The server's frame of a type. */
export type Frame<T> = Extract<ServerFrame, { type: T }>;

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

/** The fields of each type of frame that `parseServerFrame` knows, and of a message. */
export const declared = () => ({ FRAMES, messageFields });

/** The frame that `data` (what a websocket handed us) is, or null where it is none. */
export const parseServerFrame = (data: unknown): ServerFrame | null => parseFrame(FRAMES, data);
