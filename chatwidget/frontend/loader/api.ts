/** The JavaScript API (../types/chatwidget.d.ts), as the loader makes it. */

export type Listener = (detail: unknown) => void;

export interface Api extends Record<string, unknown> {
  open(): void;
  close(): void;
  toggle(): void;
  send(text: string): void;
  identify(identity: ChatWidgetIdentity | null): void;
  on(event: string, listener: Listener): () => void;
  destroy(): void;
  get(slug: string): Api | undefined;
  push(...commands: Command[]): void;
}

export type Command = [name: string, ...values: unknown[]];

/** The page's globals, as they are before and after. */
export interface Globals {
  /** The first widget; before that, what waits for it. */
  ChatWidget?: Api | Command[] | undefined;
  /** All widgets, by slug. */
  ChatWidgets?: Record<string, Api>;
  /** Not in every browser yet. */
  navigation?: EventTarget;
}
