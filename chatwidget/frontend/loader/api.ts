/** The JavaScript API (../types/chatwidget.d.ts). What needs the panel waits for it. */
import type { Panel } from "./widget.ts";

export type Listener = (detail: unknown) => void;
export type Command = [name: string, ...values: unknown[]];
export type Emit = (type: string, detail?: unknown) => void;

/** What one widget does by itself. */
export interface Actions extends Omit<Panel, "sync"> {
  slug: string;
  host: HTMLElement;
  show(): void;
  hide(): void;
  destroy(): void;
}

export interface Api extends Actions {
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
  /** Not in every browser yet. */
  requestIdleCallback?(call: () => void): void;
}

/** The API of a widget that does this, and what calls the listeners of an event. */
export function createApi(actions: Actions, all: Record<string, Api>): [Api, Emit] {
  const listeners: Record<string, Set<Listener>> = {};
  const api: Api = {
    ...actions,
    on(type, listener) {
      listeners[type] ??= new Set();
      listeners[type].add(listener);
      return () => listeners[type]!.delete(listener);
    },
    get: (slug) => Object.values(all).find((each) => each.slug === slug),
    push(...commands) {
      for (const command of commands) {
        const [name, ...values] = command;
        // One that is misspelt or fails does not end the others.
        try {
          (api[name as keyof Api] as (...values: unknown[]) => void)(...values);
        } catch (error) {
          console.error("chatwidget:", command, error);
        }
      }
    },
  };
  return [
    api,
    (type, detail) => {
      for (const listener of listeners[type] ?? []) setTimeout(listener, 0, detail);
    },
  ];
}
