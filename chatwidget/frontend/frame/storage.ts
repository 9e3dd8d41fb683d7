/**
 * What is kept of a visitor, by widget. Where the browser denies storage (a third-party frame may
 * get none, and the mere mention of it may throw), it lives in memory until the page is left.
 */
import type { Unsent } from "./conversation.ts";
import type { Profile } from "./protocol.ts";

/** For the visitor, in all tabs. */
export interface Visitor {
  /** The token that names them. */
  visitor?: string | undefined;
  /** The conversation last shown; null: a new one was asked for. */
  conversation?: string | null;
  /** What the pre-chat form asked. */
  profile?: Omit<Profile, "type">;
  /** The id that the embedding page knows them by. */
  person?: string;
  /** How far they have looked. */
  seen?: Seen;
  /** Names their time at this browser. Another value: somebody else has begun, in another tab. */
  since?: string;
}

export interface Seen {
  /** null: one that nothing was said in yet. */
  conversation: string | null;
  /** Of the last message that they have seen as it stays. */
  seq: number;
}

/** For one tab, over reloads: two tabs must not send one another's messages. */
export interface Tab {
  draft?: string;
  queue?: readonly Unsent[];
  /** Websockets do not open here. */
  stream?: boolean;
  /** The conversation before the new one, which they can go back to. */
  previous?: string | null;
}

export interface Store<T> {
  value: T;
  /** Changes what is named and keeps the rest. */
  save(changes: Partial<T>): void;
  /** Changes everything. */
  replace(value: T): void;
  /** What is stored now, where another tab may have stored it. */
  read(): Partial<T>;
}

export interface Stores {
  visitor: Store<Visitor>;
  tab: Store<Tab>;
}

export function openStores(name: string): Stores {
  return {
    visitor: open(() => localStorage, name),
    tab: open(() => sessionStorage, name),
  };
}

/**
 * Where any page may embed the widget, each origin has stores of its own: one on a neighbouring host
 * is given the same storage by the browser, and could else act and read as the visitor.
 */
export function openStoresOf(slug: string, embedder: string): Stores {
  if (embedder === location.origin) return openStores(slug);
  return embedder ? openStores(`${slug}@${embedder}`) : memoryStores();
}

/** Stores that forget: for pages that are not a visitor's. */
export function memoryStores(visitor: Visitor = {}, tab: Tab = {}): Stores {
  const denied = () => {
    throw new Error("no storage");
  };
  const stores: Stores = { visitor: open(denied, ""), tab: open(denied, "") };
  Object.assign(stores.visitor.value, visitor);
  Object.assign(stores.tab.value, tab);
  return stores;
}

function open<T extends object>(area: () => Storage, name: string): Store<T> {
  const key = `chatwidget:${name}`;
  const store: Store<T> = {
    value: read(area, key) as T,
    read: () => read(area, key),
    // Other tabs save, too.
    save: (changes) => store.replace(Object.assign(store.value, read(area, key), changes)),
    replace(value) {
      store.value = value;
      try {
        area().setItem(key, JSON.stringify(value));
      } catch {
        // Denied or full: `value` is the memory.
      }
    },
  };
  return store;
}

/** Whatever is there; anything but an object is as nothing. */
function read(area: () => Storage, key: string): object {
  try {
    const value: unknown = JSON.parse(area().getItem(key) ?? "{}");
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Denied, or not ours.
  }
  return {};
}
