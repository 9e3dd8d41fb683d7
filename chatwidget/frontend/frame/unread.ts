/** Whether the visitor looks here, and how many replies came while they did not. */
export class Attention {
  /** The panel is open, or there is none: a page of its own. */
  open = true;
  #unread = 0;
  #tell: (unread: number) => void;

  constructor(tell: (unread: number) => void) {
    this.#tell = tell;
  }

  get away(): boolean {
    return !this.open || document.hidden;
  }

  missed(count: number): void {
    this.#unread += count;
    this.#tell(this.#unread);
  }

  /** The visitor may be back. */
  look(): void {
    if (this.away || !this.#unread) return;
    this.#unread = 0;
    this.#tell(0);
  }
}
