/**
 * What the loader (on the embedding page) and the frame (in the iframe) tell each other.
 *
 * The loader posts one `init` to the iframe's window on each of its `load` events, with the frame's
 * exact origin as target and one end of a fresh MessageChannel; all later talk goes over that port,
 * so that neither side ever posts to "*" or hears a third window. The frame accepts an `init` only
 * from `window.parent`, and takes `event.origin` as the embedding page's origin. When there is no
 * parent (the frame opened as a page of its own) there is no `init`: it is as open.
 */

export const VERSION = 1;

/** The embedding page, as it is now. */
export interface Page {
  url: string;
  title: string;
  referrer: string;
}

/** Who the embedding page says the visitor is; `proof` is what makes it more than a say-so. */
export interface Identity {
  id?: string;
  name?: string;
  email?: string;
  proof?: string;
}

/** What a frame cannot see by itself, in CSS pixels. */
export interface Viewport {
  /** The panel's height, the phone's keyboard not included. */
  height: number;
  /** Whether a keyboard covers part of the page (then the safe area below does not count). */
  keyboard: boolean;
  /** The device's safe areas that the panel covers. */
  safe: { top: number; right: number; bottom: number; left: number };
}

export interface Init {
  type: "init";
  page: Page;
  /** The page's `lang`, else the browser's language. */
  locale: string;
  identity?: Identity;
  /** Whether the panel is open now. It is not when the page restores a reply that still runs. */
  open: boolean;
  /** Whether the panel fills the screen and is modal. */
  mobile: boolean;
  /** Whether the panel stands in the page's own flow, without a launcher: no Close button then. */
  inline: boolean;
  viewport?: Viewport;
}

export type ToFrame =
  | Init
  | { type: "open"; mobile: boolean; viewport?: Viewport }
  | { type: "close" }
  | { type: "page"; page: Page }
  | { type: "send"; text: string }
  | { type: "identify"; identity: Identity }
  | { type: "viewport"; mobile: boolean; viewport: Viewport };

/** A message as the events of the JavaScript API show it. */
export interface PublicMessage {
  id: string;
  role: string;
  text: string;
}

export type ToLoader =
  /** The conversation is shown (the first `ready` of the websocket, or the first after a cut). */
  | { type: "ready" }
  /** The visitor pressed the frame's Close button or Escape: close and focus the launcher. */
  | { type: "close" }
  /** Replies unseen because the panel is closed. */
  | { type: "unread"; count: number }
  /** A message of the visitor's was accepted, or a reply ended. */
  | { type: "message"; message: PublicMessage }
  | { type: "error"; code: string }
  /** An `identify` was told to the server, or the visitor filled the form. */
  | { type: "identify"; identity: Identity }
  /** Whether a reply runs: the next page then brings the conversation back by itself. */
  | { type: "running"; running: boolean };

/** On the wire every message carries the version under the name that marks it as ours. */
export type Wire<M> = M & { chatwidget: typeof VERSION };

export function wire<M extends ToFrame | ToLoader>(message: M): Wire<M> {
  return { chatwidget: VERSION, ...message };
}

/** The message in an event's data, or null where it is not one of ours or of another version. */
export function unwire<M extends ToFrame | ToLoader>(data: unknown): M | null {
  const known = typeof data === "object" && data !== null && "chatwidget" in data;
  return known && data.chatwidget === VERSION ? (data as Wire<M>) : null;
}
