/** The frame's end of the bridge to the embedding page; see ../bridge-protocol.ts. */
import {
  type FrameMessage,
  OLD_VERSION,
  type PageState,
  type SentState,
  type Theme,
  VERSION,
} from "../bridge-protocol.ts";

export interface ParentPage {
  send(message: FrameMessage): void;
  /** Whether there is an embedding page at all. */
  embedded: boolean;
  /**
   * Its origin, as the browser says it and no page can; a page of its own embeds itself. Empty where
   * it is hidden: by an old browser, or as the page has none.
   */
  origin: string;
}

/**
 * Speaks to the embedding page: `onState` gets its state, at first and whenever something may have
 * changed. A page of its own gets nothing.
 */
export function connectParentPage(window: Window, onState: (state: PageState) => void): ParentPage {
  const embedded = window.parent !== window;
  const { port1, port2 } = new MessageChannel();
  let send: ParentPage["send"] = ({ type, detail }) => port1.postMessage([type, detail]);
  if (embedded) {
    port1.onmessage = ({ data }) => onState(fit(named(data)));
    window.parent.postMessage(VERSION, "*", [port2]);
    // A page that navigates by itself does not say so.
    for (const act of ["pointerdown", "input"]) {
      window.addEventListener(act, () => send({ type: "used" }));
    }
    window.addEventListener("message", ({ source, data, ports: [port] }) => {
      if (source !== window.parent || data !== OLD_VERSION || !port) return;
      send = (message) => port.postMessage(message);
      port.onmessage = ({ data }) => onState(fit(data));
      send({ type: "running", detail: false });
    });
  }
  return {
    embedded,
    origin: embedded ? parentOrigin(window) : window.location.origin,
    send: (message) => embedded && send(message),
  };
}

function named(sent: SentState): PageState {
  const [open, referrer, title, url, inline, texts, scheme, forget, theme, identity] = sent;
  const page = { url, title, referrer };
  return { page, open, inline: !!inline, identity, forget, scheme, texts, theme: theme as Theme };
}

export function parentOrigin({ location, document }: Window): string {
  const origin =
    location.ancestorOrigins?.[0] ?? /^https?:\/\/[^/]+/.exec(document.referrer)?.[0] ?? "";
  return origin === "null" ? "" : origin;
}

/** Longer ones are cut by the server anyway, and a frame of 64 KiB would end the connection. */
const LONGEST = 2_000;

/**
 * The page's script may have said anything, `identify({ id: 42 })` for one, or `identify(null)` where
 * somebody has logged out: the server takes text.
 */
function fit(state: PageState): PageState {
  const texts = <T extends object>(given: T, names: (keyof T)[]): T =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = Object(given)[name];
        return value == null || typeof value === "object"
          ? []
          : [[name, String(value).slice(0, LONGEST)]];
      }),
    ) as T;
  return {
    ...state,
    page: texts(state.page, ["url", "title", "referrer"]),
    identity: texts(state.identity, ["id", "name", "email", "proof"]),
    texts: state.texts.map(String),
  };
}
