/**
 * What the loader (on the embedding page) and the frame (in the iframe) tell each other.
 *
 * On each `load` of the iframe the loader makes a MessageChannel and posts VERSION to the iframe's
 * window, with the frame's exact origin as target and one end of the channel with it. All talk goes
 * over that, so that neither side ever posts to "*" or listens to a third window. The frame takes its
 * port from `window.parent` alone, and speaks first: a loader that heard nothing has no frame. A frame
 * opened as a page of its own has no parent and hears nothing: it is as open.
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

/** All that the loader ever says: how things stand. It says so again whenever anything may differ. */
export interface State {
  page: Page;
  identity?: Identity | undefined;
  /** Whether the panel is open. It may not be, when a reply of the page before still runs. */
  open: boolean;
  /** Whether the panel stands in the page's own flow: there is nothing to close. */
  inline: boolean;
  /** What the page sends in the visitor's name, each text once. */
  texts: string[];
}

/** A message as the events of the JavaScript API show it. */
export interface PublicMessage {
  id: string;
  role: string;
  text: string;
}

/** What the frame says. All but `close` and `running` are events of the JavaScript API, too. */
export type FrameMessage =
  /** The conversation is shown, at first and after each lost connection. */
  | { type: "ready"; detail?: undefined }
  /** The visitor pressed Close or Escape: the panel closes, the launcher is focused. */
  | { type: "close"; detail?: undefined }
  /** How many replies were not seen yet, the panel being closed. */
  | { type: "unread"; detail: number }
  /** A message of the visitor's was accepted, or a reply ended. */
  | { type: "message"; detail: PublicMessage }
  /** One of the protocol's error codes. */
  | { type: "error"; detail: string }
  /** The server was told who the visitor is. */
  | { type: "identify"; detail: Identity }
  /** Whether a reply runs: the next page then brings the conversation back by itself. Said at first. */
  | { type: "running"; detail: boolean };
