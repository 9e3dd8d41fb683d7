/** The frame in a browser. */
import { App } from "./app.ts";
import { readConfig } from "./config.ts";
import { byId } from "./dom.ts";
import { connectParentPage } from "./parent-page.ts";
import type { WebSocketLike } from "./socket.ts";
import { openStores } from "./storage.ts";

// The visitor opened it (see `load` in ../loader/widget.ts): what is typed from now on is not lost.
if (location.hash) byId("text").focus({ preventScroll: true });

const config = readConfig(document);
const parent = connectParentPage(window, (state) => app.onState(state));
const app = new App(
  config,
  parent,
  {
    // http → ws, https → wss.
    open: () =>
      new WebSocket(new URL(config.socket, location.href.replace(/^http/, "ws"))) as WebSocketLike,
    async fetchToken() {
      const response = await fetch(config.tokenUrl, { cache: "no-store" });
      if (response.status === 404) return null;
      return (await response.json()).token;
    },
    after: (ms, call) => window.setTimeout(call, ms),
    cancel: (timer) => window.clearTimeout(timer),
    random: Math.random,
    // ?debug=1, or data-debug="1" on the script tag.
    ...(new URLSearchParams(location.search).has("debug") && { log: console.debug }),
  },
  openStores(config.slug),
);
// Inside another page, what it says first (its `init`) starts the conversation.
if (!parent.embedded) app.start();
