/** Counts the replies that ended while the visitor was not looking here. */
export class UnreadCounter {
  /** The panel is open, or there is none: a page of its own. */
  open = true;
  #unread = 0;
  #onChange: (unread: number) => void;

  constructor(onChange: (unread: number) => void) {
    this.#onChange = onChange;
  }

  get away(): boolean {
    return !this.open || document.hidden;
  }

  add(count: number): void {
    this.#unread += count;
    this.#onChange(this.#unread);
  }

  /** Back to none, if the visitor is looking here again. */
  clearIfSeen(): void {
    if (this.away || !this.#unread) return;
    this.#unread = 0;
    this.#onChange(0);
  }
}
