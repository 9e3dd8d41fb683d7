/** The frame in a browser: takes over from first.ts, which was in the page. */
import { App } from "./app.ts";
import { Transport } from "./transport.ts";

const { config, parent, stores, dates, ahead, socket, greeting, sent, takeOver } =
  window.chatwidget;
const transport = new Transport(config.socket, config.events, config.tokenUrl, stores.tab, socket);
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
  dates,
  greeting,
  sent,
);
takeOver((state) => app.onState(state));
// Inside another page, what it says first starts the conversation, unless it says nothing.
if (!parent.embedded) app.start();
else if (!ahead) window.setTimeout(() => app.startAlone(), 5_000);
