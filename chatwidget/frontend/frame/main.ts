/** The frame in a browser. */
import { App } from "./app.ts";
import { readConfig } from "./config.ts";
import { byId } from "./dom.ts";
import { connectParentPage } from "./parent-page.ts";
import { openStores, openStoresOf } from "./storage.ts";
import { Transport } from "./transport.ts";

// The visitor opened it (see `load` in ../loader/widget.ts): what is typed from now on is not lost.
if (location.hash) byId("text").focus({ preventScroll: true });

const config = readConfig(document);
const parent = connectParentPage(window, (state) => app.onState(state));
const stores = config.apart ? openStoresOf(config.slug, parent.origin) : openStores(config.slug);
const transport = new Transport(config.socket, config.events, config.tokenUrl, stores.tab);
const app = new App(
  config,
  parent,
  {
    open: () => transport.open(),
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
  stores,
);
// Inside another page, what it says first starts the conversation, unless it says nothing.
if (parent.embedded) window.setTimeout(() => app.startAlone(), 5_000);
else app.start();
