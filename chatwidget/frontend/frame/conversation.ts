/**
 * The conversation as this tab knows it. Pure: a state and a frame make a state and effects.
 *
 * Applying a frame twice is the same as once, and whatever was missed or cut, the state after a
 * `ready` is the server's. Text is only ever appended at its length in code points; a gap asks for
 * a fresh `ready` instead of being guessed at.
 *
 * What the visitor sends waits in `queue`, under an id made once, until it is accepted: over cuts,
 * reconnects and reloads. Only its head is on the way at any time, so that the order is kept.
 */

import { after, points } from "./code-points.ts";
import { isGreeting, PAGE } from "./greeting.ts";
import type { ErrorInfo, Frame, Message, ServerFrame } from "./protocol.ts";

/** The server pauses at 256 Ki code points that nobody acknowledged; we do so eight times as often. */
export const ACK_EVERY = 32 * 1024;

/** A message, its length and how much of it was acknowledged, in code points. */
export interface Entry extends Message {
  length: number;
  acked: number;
  /** What the agent does until it goes on writing. */
  activity?: string;
  /** The id it was sent under, where this page sent it. */
  client?: string;
}

/** What the visitor wrote and the server has not accepted yet. */
export interface Unsent {
  id: string;
  text: string;
  at: string;
  /** On how many sockets it was put: on more than one, the server may know it already. */
  tries: number;
}

export interface Chat {
  /** undefined: not heard of yet; null: one that begins with the first message. */
  conversation: string | null | undefined;
  messages: readonly Entry[];
  /** Whether the server has older ones. */
  more: boolean;
  queue: readonly Unsent[];
  /** The id of the send that is on the way on this socket. */
  inFlight: string | null;
  /** The server asked for patience: nothing is sent until `release`. */
  paused: boolean;
  maxLength: number;
  /** The person who writes right now; empty: nobody. */
  typing: string;
  /** The platform asks for the visitor's email. */
  wantsEmail: boolean;
}

export type Effect =
  | { do: "ack"; id: string; offset: number }
  /** Something was missed: connect again and take a fresh `ready`. */
  | { do: "resync" }
  /** A send of an earlier socket had begun this conversation: connect again and ask for it. */
  | { do: "reopen"; conversation: string }
  /** Try the queue again after so many seconds. */
  | { do: "hold"; seconds: number }
  /** Somebody writes; they may stop without a word. */
  | { do: "typing" }
  /** The server will not take this text, now or later: give it back to the visitor. */
  | { do: "refused"; text: string; error: ErrorInfo };

export type Step = [Chat, Effect[]];

export function emptyChat(queue: readonly Unsent[] = [], maxLength = 4000): Chat {
  return {
    conversation: undefined,
    messages: [],
    more: false,
    queue,
    inFlight: null,
    paused: false,
    maxLength,
    typing: "",
    wantsEmail: false,
  };
}

export const isRunning = ({ status }: Message): boolean =>
  status === "pending" || status === "streaming";

/** The reply that runs now, if any: the first one, since sends are answered in order. */
export function running(chat: Chat): Entry | undefined {
  return chat.messages.find((message) => message.role !== "user" && isRunning(message));
}

/** The last event: whether a person is here, or is waited for. */
export const lastEvent = ({ messages }: Chat): string =>
  messages.findLast(({ role }) => role === "event")?.event ?? "";

/** What a frame changes. Each type has its case, without a `default`: a new one fails to compile. */
export function receive(chat: Chat, frame: ServerFrame): Step {
  switch (frame.type) {
    case "ready":
      return [ready(chat, frame), []];
    case "accepted":
      return accepted(chat, frame);
    case "message":
      return [put({ ...chat, typing: "" }, frame.message), []];
    case "typing":
      return [{ ...chat, typing: frame.author.name }, [{ do: "typing" }]];
    case "delta":
      return delta(chat, frame);
    case "activity": {
      const known = chat.messages.find(({ id }) => id === frame.id);
      return [known ? swap(chat, known, { ...known, activity: frame.text }) : chat, []];
    }
    case "done":
      return done(chat, frame);
    case "history":
      return [
        {
          ...chat,
          messages: sorted(
            frame.messages.map((message) => entry(message)),
            chat.messages,
          ),
          more: frame.more,
        },
        [],
      ];
    case "solved":
      return [release(chat), []];
    case "error":
      return frame.id && frame.id === chat.inFlight ? refused(chat, frame) : [chat, []];
    case "pong":
      return [chat, []];
  }
}

// --- the queue ----------------------------------------------------------------------------------

export function enqueue(chat: Chat, id: string, text: string, at: string): Chat {
  return { ...chat, queue: [...chat.queue, { id, text, at, tries: 0 }] };
}

/** The send to put on the socket now, if any. Call it only while the socket is ready. */
export function nextSend(chat: Chat): [Chat, Unsent | undefined] {
  const head = chat.queue[0];
  if (!head || chat.inFlight || chat.paused) return [chat, undefined];
  const queue = [{ ...head, tries: head.tries + 1 }, ...chat.queue.slice(1)];
  return [{ ...chat, queue, inFlight: head.id }, head];
}

/** The socket is gone, and what was on its way has to be sent again on the next one. */
export function cut(chat: Chat): Chat {
  return { ...chat, inFlight: null, paused: false };
}

export function release(chat: Chat): Chat {
  return chat.paused ? { ...chat, paused: false } : chat;
}

/** The visitor begins anew: nothing is shown, what waits is kept. */
export function renew(chat: Chat): Chat {
  return { ...chat, conversation: null, messages: [], more: false };
}

/** The visitor's judgement, shown before the server repeats it. */
export function rated(chat: Chat, id: string, rating: number): Chat {
  const known = chat.messages.find((message) => message.id === id);
  return known ? swap(chat, known, { ...known, rating }) : chat;
}

// --- frames -------------------------------------------------------------------------------------

function ready(chat: Chat, frame: Frame<"ready">): Chat {
  const known = new Map(chat.messages.map((message) => [message.id, message]));
  const page = known.get(PAGE);
  // The greeting of a conversation that is yet to begin may come a little later.
  const waits = page && frame.conversation === null && !frame.messages[0];
  return {
    ...cut(chat),
    conversation: frame.conversation,
    messages: waits
      ? [page]
      : sorted(frame.messages.map((message) => entry(message, known.get(message.id) ?? page))),
    more: frame.more,
    maxLength: frame.limits.max_length,
    wantsEmail: frame.features?.email === true,
  };
}

function accepted(chat: Chat, frame: Frame<"accepted">): Step {
  const sent = chat.queue.find(({ id }) => id === frame.id);
  // A repeated one: what it says was applied before.
  if (!sent) return [chat, []];
  const next: Chat = {
    ...chat,
    queue: chat.queue.filter((unsent) => unsent !== sent),
    inFlight: chat.inFlight === sent.id ? null : chat.inFlight,
  };
  const here = chat.conversation === frame.conversation;
  // Put on an earlier socket too, it may have begun a conversation there, with a reply whose frames
  // this socket does not get: only a `hello` for that conversation brings them.
  if (!here && (chat.conversation != null || sent.tries > 1)) {
    return [next, [{ do: "reopen", conversation: frame.conversation }]];
  }
  const stored = put({ ...next, conversation: frame.conversation }, frame.message);
  const message = stored.messages.find(({ id }) => id === frame.message.id)!;
  return [swap(stored, message, { ...message, client: sent.id }), []];
}

/** A new message, or the new state of a known one; a state that is behind ours changes nothing. */
function put(chat: Chat, message: Message): Chat {
  const known = chat.messages.find(({ id }) => id === message.id);
  if (known && isBehind(message, known)) return chat;
  const page = chat.messages.find(({ id }) => id === PAGE);
  const others = isGreeting(message)
    ? chat.messages.filter((each) => each !== page)
    : chat.messages;
  return { ...chat, messages: sorted(others, [entry(message, known ?? page)]) };
}

function isBehind(message: Message, known: Entry): boolean {
  if (message.attempt == null || known.attempt == null) return false;
  if (message.attempt !== known.attempt) return message.attempt < known.attempt;
  return isRunning(message) && (!isRunning(known) || message.text.length < known.text.length);
}

function delta(chat: Chat, frame: Frame<"delta">): Step {
  const known = chat.messages.find(({ id }) => id === frame.id);
  if (!known) return [chat, []];
  // Of one that is whole here, the server repeats what its `message` could not hold; it counts too.
  const end = frame.offset + points(frame.text);
  if (!isRunning(known)) return [chat, [{ do: "ack", id: known.id, offset: end }]];
  if (frame.offset > known.length) return [chat, [{ do: "resync" }]];
  const text = after(frame.text, known.length - frame.offset);
  if (!text) return [chat, []];
  const length = known.length + points(text);
  const due = length - known.acked >= ACK_EVERY;
  const grown: Entry = {
    ...known,
    text: known.text + text,
    activity: "",
    status: "streaming",
    length,
    acked: due ? length : known.acked,
  };
  return [swap(chat, known, grown), due ? [{ do: "ack", id: known.id, offset: length }] : []];
}

function done(chat: Chat, frame: Frame<"done">): Step {
  const known = chat.messages.find(({ id }) => id === frame.id);
  if (!known) return [chat, []];
  // Known already, by its `message`: the server may still wait for the last acknowledgement.
  if (!isRunning(known)) return [chat, [{ do: "ack", id: known.id, offset: known.length }]];
  if (frame.length !== known.length) return [chat, [{ do: "resync" }]];
  const { status, length, ui, error } = frame;
  const ended: Entry = { ...known, status, acked: length };
  if (ui != null) ended.ui = ui;
  if (error) ended.error = error;
  return [swap(release(chat), known, ended), [{ do: "ack", id: known.id, offset: length }]];
}

/** The send on its way was answered by an error: wait and try again, or give its text back. */
function refused(chat: Chat, error: ErrorInfo): Step {
  const [head, ...rest] = chat.queue;
  if (!head) return [chat, []];
  if (error.retryable) {
    const queue = [{ ...head, tries: head.tries - 1 }, ...rest];
    const seconds = error.retry_after ?? 5;
    return [{ ...chat, queue, inFlight: null, paused: true }, [{ do: "hold", seconds }]];
  }
  return [{ ...chat, queue: rest, inFlight: null }, [{ do: "refused", text: head.text, error }]];
}

// --- parts --------------------------------------------------------------------------------------

/** `known`: the same one, or the page's greeting, whose place a greeting takes. */
function entry(message: Message, known?: Entry): Entry {
  const length = points(message.text);
  const client = known?.id === PAGE && isGreeting(message) ? PAGE : known?.client;
  return { ...message, length, acked: length, ...(client && { client }) };
}

function swap(chat: Chat, old: Entry, fresh: Entry): Chat {
  return { ...chat, messages: chat.messages.map((each) => (each === old ? fresh : each)) };
}

/** The messages of all lists by `seq`; of several with one id the last counts. */
function sorted(...lists: (readonly Entry[])[]): Entry[] {
  const byId = new Map(lists.flat().map((each) => [each.id, each]));
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}
