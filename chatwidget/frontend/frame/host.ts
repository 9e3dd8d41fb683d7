/** The talk with the loader on the embedding page; see ../messages.ts for what is said and how. */
import { type Init, type ToFrame, type ToLoader, unwire, wire } from "../messages.ts";

export interface Host {
  tell(message: ToLoader): void;
  /** Whether there is an embedding page at all. */
  embedded: boolean;
}

/**
 * Listens to the embedding page. `hear` gets all that it says, its `init` first. A page of its own
 * hears nothing. An `init` can come again (the iframe's document was loaded anew): the last port counts.
 */
export function listen(window: Window, hear: (message: ToFrame) => void): Host {
  let port: MessagePort | undefined;
  const embedded = window.parent !== window;
  if (embedded) {
    window.addEventListener("message", ({ source, data, ports }) => {
      const init = source === window.parent ? unwire<Init>(data) : null;
      if (init?.type !== "init" || !ports[0]) return;
      port?.close();
      port = ports[0];
      port.onmessage = (event) => {
        const message = unwire<ToFrame>(event.data);
        if (message) hear(message);
      };
      hear(init);
    });
  }
  return { embedded, tell: (message) => port?.postMessage(wire(message)) };
}
