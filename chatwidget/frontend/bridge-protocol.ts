/**
 * What the loader (on the embedding page) and the frame (in the iframe) send each other.
 *
 * The frame speaks first: it makes a MessageChannel and posts VERSION to its parent, with one end of
 * the channel. Everything else goes over that, so that neither side listens to a third window. The
 * page takes the port from the window of its own iframe alone, whose address it has set itself; where
 * the server redirects that, what is there is still the server's. Who may be the parent is said by
 * the frame's `frame-ancestors`. Until the frame has spoken there is nothing in the iframe, or the
 * browser's own error page: the panel then offers to close it and to try again.
 *
 * A frame opened as a page of its own has no parent: it is as open.
 */

export const VERSION = 2;
/** A loader of version 1, which a browser may keep for a day, posts this with a port of its own. */
export const OLD_VERSION = 1;

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

export type Theme = "auto" | "light" | "dark";

/** All that the loader ever sends: how things stand. It does so whenever anything may differ. */
export interface PageState {
  page: Page;
  /** Whether the panel is open. It may not be, when a reply of the page before still runs. */
  open: boolean;
  /** Whether the panel stands in the page's own flow: there is nothing to close. */
  inline: boolean;
  identity: Identity;
  /** Somebody was here who has gone: the visitor begins as a new one. Sent once. */
  forget: boolean;
  /** The page's own `color-scheme`: "auto" follows that, where it is one of both. */
  scheme: string;
  /** What the page sends in the visitor's name, each text once. */
  texts: string[];
  /** What the page has chosen by `theme()`, if anything. */
  theme?: Theme | undefined;
}

/** As it is sent: the loader has no bytes for names, and brotli likes this order. */
export type SentState = [
  open: boolean,
  referrer: string,
  title: string,
  url: string,
  inline: string | undefined,
  texts: string[],
  scheme: string,
  forget: boolean,
  theme: string | undefined,
  identity: Identity,
];

/** A message as the events of the JavaScript API show it. */
export interface PublicMessage {
  id: string;
  role: string;
  text: string;
}

/** What the frame sends. All but the first three are events of the JavaScript API, too. */
export type FrameMessage =
  /** The visitor does something here: is the page still where it was? The loader answers anything. */
  | { type: "used"; detail?: undefined }
  /** Whether a reply runs: the next page then brings the conversation back by itself. */
  | { type: "running"; detail: boolean }
  /** The visitor pressed Close or Escape: the panel closes, the launcher is focused. */
  | { type: "close"; detail?: undefined }
  /** The conversation is shown, at first and after each lost connection. */
  | { type: "ready"; detail?: undefined }
  /** How many replies were not seen yet. */
  | { type: "unread"; detail: number }
  /** A message of the visitor's was accepted, or a reply ended. */
  | { type: "message"; detail: PublicMessage }
  /** One of the protocol's error codes. */
  | { type: "error"; detail: string }
  /** The server knows who the visitor is. */
  | { type: "identify"; detail: Identity };

/** As it is sent. */
export type SentMessage = {
  [M in FrameMessage as M["type"]]: [type: M["type"], detail: M["detail"]];
}[FrameMessage["type"]];
