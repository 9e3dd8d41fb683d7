/**
 * Scrolling that never jumps. At the end it follows what comes; elsewhere the message at the top
 * of the window stays where it is, whatever grows, shrinks or is added above and below.
 *
 * One mechanism for all: a ResizeObserver on the window and on what is in it runs after layout and
 * before paint, and puts back what the last scroll event noted.
 */

/** Nearer to the end than this (CSS pixels) is at the end. */
const NEAR = 48;
/** Nearer to the beginning than this, older messages are asked for. */
const EARLY = 200;

export class Scroll {
  following = true;
  #scroller: HTMLElement;
  #log: HTMLElement;
  #anchor: Element | null = null;
  #offset = 0;
  #moved: () => void;

  /** `moved` is called when `following` or `early` may be another. */
  constructor(scroller: HTMLElement, log: HTMLElement, moved: () => void) {
    this.#scroller = scroller;
    this.#log = log;
    this.#moved = moved;
    scroller.addEventListener("scroll", () => this.#note(), { passive: true });
    const observer = new ResizeObserver(() => this.#restore());
    observer.observe(scroller);
    observer.observe(log);
  }

  get early(): boolean {
    return this.#scroller.scrollTop < EARLY;
  }

  toEnd(smooth = false): void {
    this.following = true;
    const behavior = smooth ? "smooth" : "instant";
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior });
    this.#moved();
  }

  #note(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR;
    const top = this.#scroller.getBoundingClientRect().top;
    this.#anchor = null;
    for (const child of this.#log.children) {
      const { top: at, bottom } = child.getBoundingClientRect();
      if (bottom > top) {
        this.#anchor = child;
        this.#offset = at - top;
        break;
      }
    }
    this.#moved();
  }

  #restore(): void {
    if (this.following) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
    } else if (this.#anchor?.isConnected) {
      const top = this.#scroller.getBoundingClientRect().top;
      this.#scroller.scrollTop += this.#anchor.getBoundingClientRect().top - top - this.#offset;
    }
    this.#moved();
  }
}
