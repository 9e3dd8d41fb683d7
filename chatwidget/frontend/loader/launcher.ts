/**
 * The launcher, and all that a page pays for on which nobody chats.
 *
 * `put` brings the widget to where it belongs, whatever the page has taken away; `load` fetches what a
 * chat needs. Everything else is the panel's (../panel/main.ts).
 */
import { VERSION } from "../bridge-protocol.ts";
import { createApi, type Globals } from "./api.ts";
import type { Config } from "./config.ts";
import css from "./loader.css?text";
import { readOptions } from "./options.ts";
import { stored } from "./storage.ts";
import { tease } from "./teaser.ts";
import type { CreatePanel, Panel, Widget } from "./widget.ts";

/** Whether this is the loader of widgets that have one; see build.mjs. */
declare const TEASER: boolean;

/** A page that has not loaded by then is not waited for. */
const PATIENCE_MS = 5_000;
/** Between two attempts to be on a page that takes the widget away. */
const REST_MS = 50;
/** A script that has not come by then is taken for lost, for the time being. */
const SILENT_MS = 8_000;

export function start(config: Config): void {
  const options = readOptions(config);
  if (!options) return;
  const { slug, title, labels, version, teaser } = config;
  const { address, target } = options;
  const globals = window as unknown as Globals;
  const key = `chatwidget-${slug}`;
  const before = +(stored("sessionStorage", key) ?? 0);
  // biome-ignore lint/suspicious/noAssignInExpressions: every byte is paid by every visitor
  const all = (globals.ChatWidgets ??= {});
  if (all[address]?.host.isConnected) return; // pasted twice
  all[address]?.destroy(); // the page took it away, and has brought the tag again

  const make = <K extends keyof HTMLElementTagNameMap>(name: K, properties: object) =>
    Object.assign(document.createElement(name), properties);
  const host = make("chat-widget" as "div", {});
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  const [openLabel, closeLabel] = (labels[options.language] ?? labels[""])!.split("|");
  const launcher = make("button", {
    value: "",
    hidden: options.launcher === "none",
    ariaExpanded: "false",
    ariaLabel: openLabel,
  });
  const dialog = make("dialog", { ariaLabel: title });
  const controller = new AbortController();
  const { signal } = controller;

  // --- the panel, once it is wanted -------------------------------------------------------------

  let panel: Panel | undefined;
  let script: Promise<{ default: CreatePanel }> | undefined;
  let attempts = 0;
  const waiting: ((panel: Panel) => void)[] = [];

  /** The browser asks again for a module that did not come only under another address. */
  const fetchScript = () => {
    script ??= import(`${address}/panel.js?${version}${attempts++ ? `-${attempts}` : ""}`);
    return script;
  };

  const load = (fragment: string) => {
    put();
    if (!widget.frame) {
      const src = `${options.src}&scheme=${scheme() ?? ""}${fragment}`;
      widget.frame = make("iframe", { src, title, allow: "clipboard-write; autoplay" });
      (target ? shadow : dialog).append(widget.frame);
    }
    if (panel) return;
    setTimeout(lost, SILENT_MS);
    fetchScript().then(({ default: create }) => {
      panel ??= create(widget);
      for (const call of waiting.splice(0)) call(panel);
    }, lost);
  };

  const unload = () => {
    widget.frame?.remove();
    widget.frame = widget.port = undefined;
  };

  /** Without the panel's own script there is the least that can be closed and tried again. */
  const lost = () => {
    if (panel) return;
    script = undefined;
    unload();
    if (!waiting.length) return;
    const again = make("button", { textContent: "⚠ Try again", lang: "en" });
    const close = make("button", { textContent: "✕", ariaLabel: "Close", lang: "en" });
    close.onclick = () => dialog.close();
    again.onclick = () => {
      dialog.close();
      load("#text");
    };
    shadow.append(dialog);
    dialog.replaceChildren(again, close);
    if (!dialog.open) dialog.showModal();
  };

  /** A method that the panel has; `wanted`: it is fetched for that. */
  const panelDoes =
    <K extends keyof Panel>(name: K, wanted = false) =>
    (...values: Parameters<Panel[K]>) => {
      const call = (panel: Panel) => (panel[name] as (...values: unknown[]) => void)(...values);
      if (panel) return call(panel);
      waiting.push(call);
      if (wanted) load("#text");
    };

  // --- the page ---------------------------------------------------------------------------------

  /** Puts the widget where it belongs, or back where the page has taken it away. */
  const put = () => {
    if (host.isConnected || signal.aborted) return;
    observer.observe(document, { childList: true, subtree: !!target });
    const place = target ? find(target) : document.documentElement;
    if (!place) return;
    const again = !!widget.frame;
    unload(); // what was loaded in another place is loaded anew in this one
    place.append(host);
    if (!target) {
      observer.observe(place, { childList: true });
      host.showPopover?.();
    }
    // A document that was written anew has lost all of its window's listeners.
    addEventListener("message", hear, { signal });
    if (target || again || before > 0) load("");
    panel?.sync();
  };
  const observer = new MutationObserver(() => host.isConnected || setTimeout(put, REST_MS));

  const hear = ({ source, data, ports }: MessageEvent) => {
    if (!source || source !== widget.frame?.contentWindow || data !== VERSION) return;
    widget.port = ports[0];
    panel?.sync();
  };

  // --- the API ----------------------------------------------------------------------------------

  const [api, emit] = createApi(
    {
      slug,
      host,
      open: panelDoes("open", true),
      close: panelDoes("close"),
      toggle: panelDoes("toggle", true),
      send: panelDoes("send", true),
      theme: panelDoes("theme"),
      identify(who) {
        // Nobody, or nobody known by an id, after somebody who was.
        if (!who?.id && stored("localStorage", key) === "1") stored("localStorage", key, 0);
        panelDoes("identify")(who);
      },
      reset() {
        stored("localStorage", key, 0);
        panelDoes("reset")();
      },
      show() {
        launcher.hidden = false;
      },
      hide() {
        launcher.hidden = true;
      },
      destroy() {
        panel?.close();
        controller.abort();
        observer.disconnect();
        unload();
        host.remove();
        delete all[address];
        globals.ChatWidget = Object.values(all)[0];
      },
    },
    all,
  );

  const widget: Widget = {
    ...options,
    slug,
    title,
    key,
    host,
    shadow,
    launcher,
    labels: [openLabel!, closeLabel ?? openLabel!],
    dialog,
    before,
    signal,
    emit,
    load,
    unload,
  };

  for (const name of ["color", "x", "y", "radius", "icon", "shape"] as const) {
    if (options[name]) host.style.setProperty(`--${name}`, `${options[name]}`);
  }
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  launcher.onclick = api.toggle;
  launcher.onpointerenter = launcher.onfocus = () => void fetchScript().catch(() => {});
  if (!target) {
    host.className = options.position ?? "";
    host.popover = "manual";
    shadow.append(launcher, dialog);
    if (TEASER && teaser && !(before > 0)) tease(widget, teaser, api);
  }

  // A framework may take what stands beside its own for a mistake, until it has taken the page over.
  const settled = () => (globals.requestIdleCallback ?? setTimeout)(put);
  if (document.readyState === "complete") settled();
  else addEventListener("load", settled, { signal });
  setTimeout(put, PATIENCE_MS);

  all[address] = api;
  if (Object.values(all)[0] === api) {
    const commands = globals.ChatWidget;
    globals.ChatWidget = api;
    if (Array.isArray(commands)) api.push(...commands);
  }
}

/** The element of this selector, which may be no selector, but an id such as "#1a". */
function find(selector: string): Element | null {
  try {
    return document.querySelector(selector);
  } catch {
    return document.getElementById(selector.slice(1));
  }
}

/** Light or dark, where the page says that it is one of them only. */
export function scheme(): "light" | "dark" | undefined {
  const meta = document.querySelector<HTMLMetaElement>("meta[name=color-scheme]");
  const said = `${getComputedStyle(document.documentElement).colorScheme} ${meta?.content}`;
  const [one, other] = new Set(said.match(/light|dark/g));
  return other ? undefined : (one as "light" | "dark" | undefined);
}
