/** Who the visitor is: as the embedding page says, and as this browser remembers. */
import type { Identity } from "../bridge-protocol.ts";
import type { Stores, Visitor } from "./storage.ts";
import { uuid } from "./uuid.ts";

export class CurrentVisitor {
  identity: Identity = {};
  #stores: Stores;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  /** Whether the embedding page says who they are. */
  get isNamed(): boolean {
    return Object.keys(this.identity).length > 0;
  }

  /**
   * Takes what the page says. True where somebody else has sat down: the page says that the last one
   * is gone, or knows this one by another id. Then nothing is left of the last one here.
   */
  isReplacedBy(identity: Identity, forget: boolean): boolean {
    const { person } = this.#stores.visitor.value;
    const another = forget || !!(person && identity.id && person !== identity.id);
    this.identity = identity;
    if (another) {
      const since = uuid();
      this.#stores.visitor.replace({ since });
      this.#clearTab();
    }
    if (identity.id && (another || !person)) this.#stores.visitor.save({ person: identity.id });
    return another;
  }

  /**
   * True where another tab was told so, which must not bring the last one back from here. Of the
   * same visitor, what they have told another tab is known from now on.
   */
  wasReplaced(): boolean {
    const { visitor } = this.#stores;
    const stored: Visitor = visitor.read();
    if (stored.since === visitor.value.since) {
      if (stored.profile) visitor.value.profile = stored.profile;
      return false;
    }
    visitor.value = stored;
    this.#clearTab();
    return true;
  }

  /** True where another tab has gone on since this one has read what is stored. */
  isBehind(): boolean {
    const { visitor } = this.#stores;
    const { value } = visitor;
    const stored: Visitor = visitor.read();
    const same = stored.visitor === value.visitor && stored.conversation === value.conversation;
    if (same || !stored.visitor) return false; // nothing is stored, or nothing can be
    visitor.value = stored;
    return true;
  }

  /** What the browser was found to be able to do is nobody's. */
  #clearTab(): void {
    const { stream } = this.#stores.tab.value;
    this.#stores.tab.replace(stream ? { stream } : {});
  }
}

/** Whether a server that knows `before` has to be told of `after`, which only a new `hello` can. */
export function isNews(before: Identity, after: Identity): boolean {
  const { id, name, email, proof } = after;
  // A proof is renewed from time to time; who was believed once is believed.
  const proven = !!before.proof || !proof;
  return !(before.id === id && before.name === name && before.email === email && proven);
}
