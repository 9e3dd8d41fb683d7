/** The JavaScript API (../types/chatwidget.d.ts), as the loader makes it. */

export type Listener = (detail: unknown) => void;
export type Command = [name: string, ...values: unknown[]];

/** What one widget does. */
export interface Api {
  slug: string;
  host: HTMLElement;
  open(): void;
  close(): void;
  toggle(): void;
  send(text: string): void;
  identify(identity: ChatWidgetIdentity | null): void;
  reset(): void;
  show(): void;
  hide(): void;
  theme(name: string): void;
  destroy(): void;
  on(event: string, listener: Listener): () => void;
  get(slug: string): Api | undefined;
  push(...commands: Command[]): void;
}

/** The page's globals, as they are before and after. */
export interface Globals {
  /** The first widget; before that, commands that wait for it, or anything of the page's own. */
  ChatWidget?: unknown;
  /** All widgets, by their address. */
  ChatWidgets?: Record<string, Api>;
}

const listeners: Record<string, Set<Listener>> = {};

export function emit(type: string, detail?: unknown): void {
  for (const listener of listeners[type] ?? []) setTimeout(listener, 0, detail);
}

export function on(type: string, listener: Listener): () => void {
  listeners[type] ??= new Set();
  listeners[type].add(listener);
  return () => listeners[type]!.delete(listener);
}
