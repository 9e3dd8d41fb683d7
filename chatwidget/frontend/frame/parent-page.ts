/** The talk with the loader on the embedding page; see ../messages.ts for what is said and how. */
import { type State, type ToLoader, VERSION } from "../messages.ts";

export interface Host {
  tell(message: ToLoader): void;
  /** Whether there is an embedding page at all. */
  embedded: boolean;
}

/**
 * Listens to the embedding page: `hear` gets its state, at first and whenever something may have
 * changed. A page of its own hears nothing. A new port replaces the last.
 */
export function listen(window: Window, hear: (state: State) => void): Host {
  let port: MessagePort | undefined;
  // What is told before there is one: a visitor may press Escape while the page still loads.
  const early: ToLoader[] = [];
  const embedded = window.parent !== window;
  if (embedded) {
    window.addEventListener("message", ({ source, data, ports }) => {
      if (source !== window.parent || data !== VERSION || !ports[0]) return;
      port?.close();
      port = ports[0];
      port.onmessage = (event) => hear(fit(event.data));
      port.postMessage({ type: "running", detail: false } satisfies ToLoader);
      for (const message of early.splice(0)) port.postMessage(message);
    });
  }
  return {
    embedded,
    tell(message) {
      if (port) port.postMessage(message);
      else if (embedded) early.push(message);
    },
  };
}

/** Longer ones are cut by the server anyway, and a frame of 64 KiB would end the connection. */
const LONGEST = 2_000;

/**
 * The page's script may have said anything, `identify({ id: 42 })` for one, or `identify(null)` where
 * somebody has logged out: the server takes text.
 */
function fit(state: State): State {
  const texts = <T extends object>(given: T | undefined): T =>
    Object.fromEntries(
      Object.entries({ ...given }).flatMap(([name, value]) =>
        value == null || typeof value === "object" ? [] : [[name, String(value).slice(0, LONGEST)]],
      ),
    ) as T;
  return {
    ...state,
    page: texts(state.page),
    identity: texts(state.identity),
    texts: state.texts.map(String),
  };
}
