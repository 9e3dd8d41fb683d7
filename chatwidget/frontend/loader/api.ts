/** The JavaScript API (../types/chatwidget.d.ts), as the loader makes it. */

export type Listener = (detail: unknown) => void;
export type Command = [name: string, ...values: unknown[]];

/** What one widget does. */
export interface Actions {
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
}

/** The whole API of a widget that does this, and what calls the listeners of an event. */
export function createApi(
  actions: Actions,
  all: Record<string, Api>,
): [Api, (type: string, detail?: unknown) => void] {
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
        // One that is misspelt or fails does not end the others.
        try {
          const [name, ...values] = command;
          (api[name as keyof Api] as (...values: unknown[]) => void)(...values);
        } catch (error) {
          console.error("chatwidget:", command, error);
        }
      }
    },
  };
  const emit = (type: string, detail?: unknown) => {
    for (const listener of listeners[type] ?? []) setTimeout(listener, 0, detail);
  };
  return [api, emit];
}
