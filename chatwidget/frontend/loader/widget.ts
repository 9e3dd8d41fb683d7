/**
 * One widget on the embedding page: launcher, panel, API.
 *
 * Written to be small: it is what every visitor of every page pays. Two functions do the work: `put`
 * brings the widget to where it belongs, whatever the page has taken away, and `sync` makes
 * everything follow from how things stand, whatever has happened.
 */
import { type Identity, type SentMessage, type SentState, VERSION } from "../bridge-protocol.ts";
import { type Api, emit, type Globals, on } from "./api.ts";
import css from "./loader.css?text";
import { address, host, names, query, said, slug, teaser, title } from "./options.ts";
import { stored } from "./storage.ts";
import { tease } from "./teaser.ts";

/** Whether this is the loader of widgets that have one; see build.mjs. */
declare const TEASER: boolean;

/** A framework takes what stands beside its own for a mistake, until it has taken the page over. */
const SETTLED_MS = 200;
/** A page that has not loaded by then is not waited for. */
const PATIENCE_MS = 5_000;
/** Between two attempts to be on a page that takes the widget away. */
const REST_MS = 50;
/** A frame that has not spoken by then may be tried again. */
const SILENT_MS = 6_000;

interface Saving extends Navigator {
  connection?: { saveData?: boolean };
}

export function start(): void {
  const doc = document;
  const globals = window as unknown as Globals;
  const view = visualViewport!;
  const { target } = said;
  const key = `chatwidget-${slug}`;
  /** What the page before has left: 1: a reply that runs or is not seen yet, 2: an open panel. */
  const before = +stored("sessionStorage", key)!;
  // biome-ignore lint/suspicious/noAssignInExpressions: every byte is paid by every visitor
  const all = (globals.ChatWidgets ??= {});
  if (all[address]?.host.isConnected) return; // pasted twice
  all[address]?.destroy(); // the page took it away, and has brought the tag again

  const make = <K extends keyof HTMLElementTagNameMap>(name: K, properties: object) =>
    Object.assign(doc.createElement(name), properties);
  const [openLabel, closeLabel = openLabel, shutLabel = "Close", againLabel = "Try again"] = names;
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  const launcher = make("button", { value: "", hidden: said.launcher === "none" });
  const dialog = make("dialog", { ariaLabel: title });
  // The panel's own two, until the frame has spoken.
  const shut = make("button", { textContent: "✕", ariaLabel: shutLabel });
  const again = make("button", { textContent: `↻ ${againLabel}` });
  const panel = target ? shadow : dialog;
  const texts: string[] = [];
  let identity: Identity = {};
  let theme: string | undefined;
  let frame: HTMLIFrameElement | undefined;
  let port: MessagePort | undefined;
  let running = before > 0;
  let small = false;
  /** Somebody wants the frame, or has: what is made before that says and stores nothing. */
  let wanted: unknown = before || target;
  /** What had the focus before the panel. */
  let focused: HTMLElement | null;

  const sync = () => {
    const open = dialog.open;
    const fills = open && dialog.isConnected && Math.min(innerWidth, innerHeight) < 500;
    if (small !== fills) {
      small = fills;
      dialog.close();
      if (small) dialog.showModal();
      else if (open) dialog.show();
    }
    // On a phone what the keyboard leaves; not while the visitor has zoomed in.
    dialog.style.cssText =
      small && view.scale < 1.1 ? `height:${view.height}px;top:${view.offsetTop}px` : "";
    if (launcher.ariaExpanded !== `${open}`) {
      launcher.ariaExpanded = `${open}`;
      launcher.ariaLabel = open ? closeLabel! : openLabel!;
      emit(open ? "open" : "close");
    }
    if (!frame || !wanted) return;
    // A chat in the page's flow is no panel, and one without a frame must not follow the visitor.
    if (!target && (port || !open)) {
      stored("sessionStorage", key, open ? 2 : +(running || launcher.value > ""));
    }
    if (port) {
      const forget = stored("localStorage", key) === "0";
      if (forget || identity.id) stored("localStorage", key, identity.id ? 1 : "");
      port.postMessage([
        open,
        doc.referrer,
        doc.title,
        doc.URL,
        target,
        texts.splice(0),
        getComputedStyle(doc.documentElement).colorScheme,
        forget,
        theme,
        identity,
      ] satisfies SentState);
    }
  };

  const receive = ({ data: [type, detail] }: MessageEvent<SentMessage>) => {
    if (type === "unread") launcher.value = (detail || "") as string;
    if (type === "running") running = detail;
    if (type === "close") {
      dialog.close();
      (launcher.hidden ? focused : launcher)?.focus();
    } else emit(type, detail);
    sync();
  };

  /** See ../bridge-protocol.ts. */
  const hear = ({ source, data, ports }: MessageEvent) => {
    if (!frame || source !== frame.contentWindow || data !== VERSION) return;
    port = ports[0]!;
    port.onmessage = receive;
    shut.hidden = again.hidden = true;
    sync();
  };

  const unload = () => {
    frame?.remove();
    frame = port = undefined;
    shut.hidden = false;
    again.hidden = true;
  };

  /** `hash`: of the frame's address; see first.ts. */
  const load = (hash: string) => {
    if (frame) return;
    frame = make("iframe", {
      allow: "clipboard-write; autoplay",
      referrerPolicy: "origin", // the page's own may send all of its address, or nothing
      title,
      src: `${address}/?${query}${hash}`,
    });
    panel.append(frame);
    setTimeout(() => {
      if (!port && !wanted) unload();
      else again.hidden = !!port;
    }, SILENT_MS);
  };

  const put = () => {
    if (host.isConnected || all[address] !== api) return;
    observer.observe(doc, { subtree: !!target, childList: true });
    // "#1a" and "#:r1:" are ids of elements, but no selectors.
    const place = target
      ? doc.querySelector(target.replace(/^#([\d:][^ .>[]*)/, "[id='$1']"))
      : doc.documentElement;
    if (!place) return;
    place.append(host);
    if (!target) {
      observer.observe(place, { childList: true });
      host.showPopover?.();
    }
    // A document that is written anew has lost all of its listeners, ours and the window's.
    shut.onclick = api.close;
    launcher.onclick = api.toggle;
    small = false;
    view.addEventListener("scroll", sync);
    dialog.onclose = sync;
    view.addEventListener("resize", sync);
    addEventListener("message", hear);
    again.onclick = () => {
      unload();
      api.open();
    };
    // Somebody comes near, by whatever: to wait for the click costs what a page's way takes.
    launcher.onfocus = launcher.onpointerenter = () => {
      if (!(navigator as Saving).connection?.saveData) load("#soon");
    };
    unload();
    if (wanted) load("");
    sync();
  };
  const observer = new MutationObserver(() => host.isConnected || setTimeout(put, REST_MS));

  const api: Api = {
    slug,
    host,
    on,
    get: (slug) => Object.values(all).find((each) => each.slug === slug),
    push(...commands) {
      for (const command of commands) {
        // One that is misspelt or fails does not end the others.
        try {
          const [name, ...values] = command;
          (api[name as keyof Api] as (...values: unknown[]) => void)(...values);
        } catch (error) {
          console.error("chatwidget:", command, error);
        }
      }
    },
    open() {
      focused = doc.activeElement as HTMLElement;
      put();
      // One that has said nothing yet when it is opened again did not load, or not well.
      if (!dialog.open && !port && wanted) unload();
      load("#text");
      wanted = true;
      dialog.open = true;
      sync();
      // Under a modal dialog of the page nothing can be used, but another one.
      if (doc.querySelector("dialog:modal")) {
        dialog.close();
        dialog.showModal();
      }
      frame!.focus();
    },
    send(text) {
      texts.push(`${text}`);
      api.open();
    },
    identify(who) {
      // A framework's object may have what cannot be posted: functions, proxies.
      identity = JSON.parse(JSON.stringify({ ...who }));
      // Nobody, after somebody: the frame forgets them, as soon as there is one.
      if (!identity.id && stored("localStorage", key) === "1") stored("localStorage", key, 0);
      sync();
    },
    close() {
      dialog.close();
      sync(); // the event comes with the next picture, which may be the next page's
    },
    reset() {
      identity = {};
      stored("localStorage", key, 0);
      sync();
    },
    show: () => {
      launcher.hidden = false;
    },
    theme(name) {
      theme = name;
      sync();
    },
    toggle: () => (dialog.open ? api.close() : api.open()),
    hide: () => {
      launcher.hidden = true;
    },
    destroy() {
      api.close();
      host.remove();
      frame = undefined; // nothing is stored any more
      delete all[address];
      globals.ChatWidget = Object.values(all)[0];
    },
  };

  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  dialog.open = before > 1 || !!target;
  panel.append(again);
  if (!target) {
    host.className = said.position ?? "";
    host.popover = "manual";
    dialog.append(shut);
    shadow.append(launcher, dialog);
    if (TEASER && teaser && !before) {
      tease(`${key}-teaser`, launcher, teaser, shutLabel, api);
    }
  }
  addEventListener("load", () => setTimeout(put, SETTLED_MS));
  setTimeout(put, doc.readyState === "complete" ? 0 : PATIENCE_MS);

  all[address] = api;
  if (Object.values(all)[0] === api) {
    const commands = globals.ChatWidget;
    globals.ChatWidget = api;
    if (Array.isArray(commands)) api.push(...commands);
  }
}
