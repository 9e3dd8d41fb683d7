/**
 * The frames of the admin's live pages beside those of visitors, as docs/desk.md lists them and
 * sockets/staff_frames.py has them.
 */
import {
  boolean,
  type Checked,
  type FrameOf,
  list,
  maybe,
  number,
  parseFrame,
  shape,
  string,
} from "../frame/shapes.ts";

/** One line of the live list. */
const lineFields = {
  id: string,
  widget: string,
  /** A name or an address; empty: nothing is known. */
  who: string,
  /** The end of the visitor's id. */
  visitor: string,
  words: string,
  at: string,
  page: string,
  unread: number,
  /** Who has it; empty: the agent. */
  staff: string,
  mine: boolean,
  /** Since when a person is waited for; empty: none is. */
  asked_at: string,
  here: boolean,
};
const line = shape(lineFields);

const STAFF_FRAMES = {
  held: { holder: string, name: string, mine: boolean, asked: boolean },
  writing: { name: string },
  over: { conversation: maybe(string) },
  live: { conversations: list(line) },
};

export type LiveConversation = Checked<typeof line>;
export type StaffFrame = FrameOf<typeof STAFF_FRAMES>;

/** What staff send beside what visitors do. */
export type Order =
  | { type: "take"; holder: string }
  | { type: "hand_back" }
  | { type: "seen"; seq: number };

/** The fields of each type of frame that `parseStaffFrame` knows, and of a line of the list. */
export const declared = () => ({ STAFF_FRAMES, lineFields });

/** The frame for staff alone that `data` is, or null where it is none. */
export const parseStaffFrame = (data: unknown): StaffFrame | null => parseFrame(STAFF_FRAMES, data);
