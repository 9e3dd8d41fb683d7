/** The frame's end of the bridge to the loader on the embedding page; see ../bridge-protocol.ts. */
import { type FrameMessage, type State, VERSION } from "../bridge-protocol.ts";

export interface ParentPage {
  send(message: FrameMessage): void;
  /** Whether there is an embedding page at all. */
  embedded: boolean;
}

/**
 * Waits for the embedding page: `onState` gets its state, at first and whenever something may have
 * changed. A page of its own gets nothing. A new port replaces the last.
 */
export function connectParentPage(window: Window, onState: (state: State) => void): ParentPage {
  let port: MessagePort | undefined;
  // What is sent before there is one: a visitor may press Escape while the page still loads.
  const early: FrameMessage[] = [];
  const embedded = window.parent !== window;
  if (embedded) {
    window.addEventListener("message", ({ source, data, ports }) => {
      if (source !== window.parent || data !== VERSION || !ports[0]) return;
      port?.close();
      port = ports[0];
      port.onmessage = (event) => onState(fit(event.data));
      port.postMessage({ type: "running", detail: false } satisfies FrameMessage);
      for (const message of early.splice(0)) port.postMessage(message);
    });
  }
  return {
    embedded,
    send(message) {
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
