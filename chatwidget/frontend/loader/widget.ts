/**
 * One widget on the embedding page: launcher, panel, API.
 *
 * Written to be small: it is what every visitor of every page pays, so there is one function, `sync`,
 * that makes everything follow from the state, whatever has happened.
 */

import { type FrameMessage, type State, VERSION } from "../bridge-protocol.ts";
import type { Api, Command, Globals, Listener } from "./api.ts";
import type { Config } from "./config.ts";
import css from "./loader.css?text";
import { tease } from "./teaser.ts";

/** Whether this is the loader of widgets that have one; see build.mjs. */
declare const TEASER: boolean;

export function start({ slug, labels, title, ...config }: Config): void {
  const globals = window as unknown as Globals;
  const view = visualViewport!;
  // biome-ignore lint/suspicious/noAssignInExpressions: every byte is paid by every visitor
  const all = (globals.ChatWidgets ??= {});
  if (all[slug]) return; // pasted twice

  const doc = document;
  const root = doc.documentElement;
  const script = doc.currentScript as HTMLScriptElement;
  const { target, ...look } = { ...config, ...script.dataset } as unknown as Record<string, string>;
  if (TEASER) delete look.teaser;
  const place = target && doc.querySelector(target);
  const lang = root.lang || navigator.language;
  const [openLabel, closeLabel = openLabel] = (labels[lang.slice(0, 2)] ?? labels[""])!.split("|");
  // …/<slug>.js serves this script, …/<slug>/ the frame, whose look the attributes change as well.
  const src = new URL(`${slug}/?${new URLSearchParams({ ...look, lang })}`, script.src).href;
  const key = `chatwidget-${slug}`;

  const make = <K extends keyof HTMLElementTagNameMap>(name: K, properties: object) =>
    Object.assign(doc.createElement(name), properties);
  const host = make("chat-widget" as "div", { className: look.position, popover: "manual" });
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  const button = make("button", { value: "" });
  const dialog = make("dialog", { ariaLabel: title });
  const warm = make("link", { rel: "preconnect", href: src });
  const listeners: Record<string, Set<Listener>> = {};
  const texts: string[] = [];
  let identity: ChatWidgetIdentity = {};
  let frame: HTMLIFrameElement | undefined;
  let port: MessagePort | undefined;
  let running = false;
  let mobile = false;
  let stored: number | undefined;
  try {
    stored = sessionStorage[key];
  } catch {} // denied, or null in an app's web view: nothing is restored

  const emit = (type: string, detail?: unknown) => {
    for (const listener of listeners[type] ?? []) setTimeout(listener, 0, detail);
  };

  const sync = () => {
    const open = dialog.open;
    const small = open && !place && Math.min(innerWidth, innerHeight) < 500;
    if (small !== mobile) {
      mobile = small;
      if (open) {
        dialog.close();
        if (small) dialog.showModal();
        else dialog.show();
      }
    }
    // On a phone what the keyboard leaves; not while the visitor has zoomed in.
    dialog.style.cssText =
      small && view.scale < 1.1 ? `height:${view.height}px;top:${view.offsetTop}px` : "";
    // A chat in the page's flow is no panel that another page would open.
    try {
      if (frame && !place) sessionStorage[key] = open ? 2 : +running;
    } catch {} // as above, or full
    port?.postMessage({
      page: { url: doc.URL, title: doc.title, referrer: doc.referrer },
      identity,
      open,
      inline: !!place,
      texts: texts.splice(0),
    } satisfies State);
    if (button.ariaExpanded !== `${open}`) {
      button.ariaExpanded = `${open}`;
      button.ariaLabel = (open ? closeLabel : openLabel)!;
      emit(open ? "open" : "close");
    }
  };

  // `open`: "" where the panel stays closed, else the fragment of the frame's address: what it focuses.
  const load = (open: string) => {
    // One that has said nothing yet when it is opened again did not load, or not well.
    if (!(dialog.open || port)) frame = frame?.remove() as undefined;
    if (!frame) {
      frame = make("iframe", { src: src + open, title, allow: "clipboard-write; autoplay" });
      frame.onload = () => {
        const channel = new MessageChannel();
        channel.port1.onmessage = ({ data: { type, detail } }: MessageEvent<FrameMessage>) => {
          port = channel.port1;
          if (type === "unread") button.value = (detail || "") as string;
          if (type === "running") running = detail;
          if (type === "close") {
            dialog.close();
            button.focus();
          } else emit(type, detail);
          sync();
        };
        // Of a target only the origin counts: no other document will get this.
        frame!.contentWindow!.postMessage(VERSION, src, [channel.port2]);
      };
      (place ? shadow : dialog).append(frame);
    }
    if (open) dialog.open = true;
    sync();
  };

  const api: Api = {
    open() {
      load("#text");
      frame!.focus();
    },
    close() {
      dialog.close();
      sync(); // the event comes with the next picture, which may be the next page's
    },
    toggle: () => (dialog.open ? api.close() : api.open()),
    send(text) {
      texts.push(`${text}`);
      api.open();
    },
    identify(who) {
      // A framework's object may have what cannot be posted: functions, proxies.
      identity = JSON.parse(JSON.stringify({ ...who }));
      sync();
    },
    on(type, listener) {
      listeners[type] ??= new Set();
      listeners[type].add(listener);
      return () => listeners[type]!.delete(listener);
    },
    destroy() {
      api.close();
      host.remove();
      frame = undefined; // nothing is stored any more
      delete all[slug];
      globals.ChatWidget = Object.values(all)[0];
    },
    get: (slug) => all[slug],
    push(...commands) {
      for (const [name, ...values] of commands) (api[name] as Listener)(...(values as [unknown]));
    },
  };

  for (const name in look) host.style.setProperty(`--${name}`, look[name]!);
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  if (!place) shadow.append(button, dialog);
  button.onclick = api.toggle;
  button.onpointerenter = button.onfocus = () => doc.head.append(warm);
  dialog.onclose = sync;
  // Where the page has navigated to by itself is told at once where the browser says so, and when a
  // click into the iframe takes the page's focus.
  globals.navigation?.addEventListener("navigatesuccess", sync);
  addEventListener("blur", sync);
  view.addEventListener("resize", sync);
  view.addEventListener("scroll", sync);
  (place || root).append(host);
  if (!place) host.showPopover?.();
  if (place || stored! > 0) load(place || stored! > 1 ? "#" : "");
  else sync();
  if (TEASER && config.teaser && !frame) tease(shadow, lang.slice(0, 2), config.teaser, api);
  all[slug] = api;
  const waiting = globals.ChatWidget;
  if (!(waiting as Api)?.get) {
    globals.ChatWidget = api;
    api.push(...((waiting ?? []) as Command[]));
  }
}
