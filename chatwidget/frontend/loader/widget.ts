/** What the two scripts on the page know of each other: the loader makes the widget, panel.js its panel. */
import type { Identity, Theme } from "../bridge-protocol.ts";
import type { Emit } from "./api.ts";
import type { Options } from "./options.ts";

/** A browser may keep a loader for a day, so what is here stays: it may only become more. */
export interface Widget extends Options {
  slug: string;
  title: string;
  /** What its entries in the page's storage are called. */
  key: string;
  host: HTMLElement;
  shadow: ShadowRoot;
  launcher: HTMLButtonElement;
  /** Its names: to open, to close. */
  labels: [open: string, close: string];
  dialog: HTMLDialogElement;
  /** What `sessionStorage` said when the page began: 1: a reply runs, 2: the panel is open. */
  before: number;
  frame?: HTMLIFrameElement | undefined;
  /** To what is in the frame, once it has spoken. */
  port?: MessagePort | undefined;
  /** Ends all listening. */
  signal: AbortSignal;
  emit: Emit;
  /** Puts the widget on the page and the frame into it, where they are not yet. */
  load(fragment: string): void;
  unload(): void;
}

/** What panel.js makes of a widget. */
export interface Panel {
  open(): void;
  close(): void;
  toggle(): void;
  send(text: string): void;
  identify(identity: Identity | null): void;
  reset(): void;
  theme(name: Theme): void;
  /** Makes everything follow from how things stand: the frame has spoken, or the page was changed. */
  sync(): void;
}

export type CreatePanel = (widget: Widget) => Panel;
