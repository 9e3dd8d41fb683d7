/**
 * The JavaScript API of the chat widget on the page that embeds it.
 *
 *     /// <reference path="chatwidget.d.ts" />
 *     window.ChatWidget = window.ChatWidget || [];
 *     ChatWidget.push(["identify", { name: "Ada", email: "ada@example.com" }]);
 */

/** Who the visitor is. Without a `proof` the server treats it as a name and an email, nothing more. */
interface ChatWidgetIdentity {
  id?: string;
  name?: string;
  email?: string;
  /** The id, signed by your server; see the documentation. */
  proof?: string;
}

interface ChatWidgetMessage {
  id: string;
  role: "user" | "assistant" | (string & {});
  text: string;
}

/** Each event and what its listeners are given. */
interface ChatWidgetEvents {
  /** The conversation is shown; again after each lost connection. */
  ready: undefined;
  open: undefined;
  close: undefined;
  /** A message of the visitor's was accepted, or a reply came to its end. */
  message: ChatWidgetMessage;
  /** How many replies came while the panel was closed. */
  unread: number;
  /** Something failed; the code is one of the protocol's, e.g. "rate_limited". */
  error: string;
  /** The visitor is now known by this. */
  identify: ChatWidgetIdentity;
}

interface ChatWidgetInstance {
  open(): void;
  close(): void;
  toggle(): void;
  /** Opens the panel and sends a message in the visitor's name. */
  send(text: string): void;
  /**
   * Says who the visitor is. Somebody with another id begins as a new visitor, and so does nobody
   * (null, or no id) after somebody who had one.
   */
  identify(identity: ChatWidgetIdentity | null): void;
  /** Forgets who was here: for a logout where `identify` is not used, or not with an id. */
  reset(): void;
  /** Shows the launcher. */
  show(): void;
  /** Hides the launcher; `open` works all the same. */
  hide(): void;
  /** "auto" is what the page is, where it has a `color-scheme`, else what the system is. */
  theme(name: "auto" | "light" | "dark"): void;
  /** Calls `listener` on each event; the result stops it. */
  on<E extends keyof ChatWidgetEvents>(
    event: E,
    listener: (detail: ChatWidgetEvents[E]) => void,
  ): () => void;
  /** Takes the widget off the page; nothing that happens there afterwards changes anything. */
  destroy(): void;
  /** The widget of this slug, where a page has several. */
  get(slug: string): ChatWidgetInstance | undefined;
  /** Calls a method by name, at once: the same line works before the loader has run. */
  push(...commands: ChatWidgetCommand[]): void;
}

type ChatWidgetCommand =
  | ["open" | "close" | "toggle" | "reset" | "show" | "hide" | "destroy"]
  | ["send", string]
  | ["identify", ChatWidgetIdentity | null]
  | ["theme", "auto" | "light" | "dark"]
  | {
      [E in keyof ChatWidgetEvents]: ["on", E, (detail: ChatWidgetEvents[E]) => void];
    }[keyof ChatWidgetEvents];

/** The page's first widget; before the loader has run, an array of commands that wait for it. */
declare var ChatWidget: ChatWidgetInstance;

interface Window {
  get ChatWidget(): ChatWidgetInstance;
  set ChatWidget(waiting: ChatWidgetInstance | ChatWidgetCommand[]);
}
