/** The frame in a browser. */
import { App } from "./app.ts";
import { readConfig } from "./config.ts";
import { part } from "./dom.ts";
import { listen } from "./host.ts";
import type { Channel } from "./socket.ts";
import { openStores } from "./storage.ts";

// The visitor opened it (see `load` in ../loader/widget.ts): what is typed from now on is not lost.
if (location.hash) part("text").focus({ preventScroll: true });

const config = readConfig(document);
const host = listen(window, (state) => app.hear(state));
const app = new App(
  config,
  host,
  {
    // http → ws, https → wss.
    open: () =>
      new WebSocket(new URL(config.socket, location.href.replace(/^http/, "ws"))) as Channel,
    async fetchToken() {
      const response = await fetch(config.tokenUrl, { cache: "no-store" });
      if (response.status === 404) return null;
      return (await response.json()).token;
    },
    after: (ms, call) => window.setTimeout(call, ms),
    cancel: (timer) => window.clearTimeout(timer),
    random: Math.random,
  },
  openStores(config.slug),
);
// Inside another page, what it says first (its `init`) starts the conversation.
if (!host.embedded) app.start();
