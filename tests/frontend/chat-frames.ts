import { type Chat, type Effect, receive } from "../../chatwidget/frontend/frame/conversation.ts";
import type { Message, ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";

export const AT = "2026-11-20T12:00:00.000Z";

export function message(
  seq: number,
  role: string,
  text: string,
  more: Partial<Message> = {},
): Message {
  const reply = role === "assistant" ? { attempt: 1 } : {};
  return { id: `m${seq}`, seq, role, text, status: "complete", created_at: AT, ...reply, ...more };
}

export function ready(
  messages: Message[],
  conversation: string | null = "c",
  more = false,
): ServerFrame {
  const limits = { max_length: 4000 };
  return { type: "ready", protocol: 1, visitor: "v", conversation, messages, more, limits };
}

/** The chat after these frames, and all effects on the way. */
export function play(chat: Chat, ...frames: ServerFrame[]): [Chat, Effect[]] {
  const all: Effect[] = [];
  let now = chat;
  for (const frame of frames) {
    const [next, effects] = receive(now, frame);
    now = next;
    all.push(...effects);
  }
  return [now, all];
}

export const show = (chat: Chat) =>
  chat.messages.map(({ id, text, status, attempt, rating, error, ui }) => {
    return { id, text, status, attempt, rating, error, ui };
  });

export const delta = (id: string, offset: number, text: string): ServerFrame => {
  return { type: "delta", id, offset, text };
};
export const done = (id: string, length: number, status = "complete"): ServerFrame => {
  return { type: "done", id, status, length };
};
