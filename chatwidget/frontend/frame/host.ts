/** The talk with the loader on the embedding page; see ../messages.ts for what is said and how. */
import { readState, type State, type ToLoader } from "../messages.ts";

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
  const embedded = window.parent !== window;
  if (embedded) {
    window.addEventListener("message", ({ source, data, ports }) => {
      const first = source === window.parent ? readState(data) : null;
      if (!first || !ports[0]) return;
      port?.close();
      port = ports[0];
      port.onmessage = (event) => {
        const state = readState(event.data);
        if (state) hear(state);
      };
      hear(first);
    });
  }
  return { embedded, tell: (message) => port?.postMessage(message) };
}
