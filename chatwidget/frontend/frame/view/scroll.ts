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
  /** Where it was at the last scroll event: only a way back up ends the following. */
  #last = 0;
  #anchor: Element | null = null;
  #offset = 0;
  #moved: () => void;

  /** `moved` is called when `following` or `early` may be another. */
  constructor(scroller: HTMLElement, moved: () => void) {
    this.#scroller = scroller;
    this.#moved = moved;
    scroller.addEventListener("scroll", () => this.#note(), { passive: true });
    const observer = new ResizeObserver(() => this.#restore());
    // The log, and what stands below it now and then.
    for (const each of [scroller, ...scroller.children]) observer.observe(each);
  }

  get early(): boolean {
    return this.#scroller.scrollTop < EARLY;
  }

  /** At once: long journeys are no pleasure, and for some no good. */
  toEnd(): void {
    this.following = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#moved();
  }

  #note(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    this.following = near || (this.following && scrollTop >= this.#last);
    this.#last = scrollTop;
    const { top, left, width } = this.#scroller.getBoundingClientRect();
    // What is read first: the innermost element that begins near the top, else the one that is there.
    const found = [8, 40, 72, 120]
      .map((y) => document.elementFromPoint(left + width / 2, top + y))
      .filter((each) => each?.closest("article"));
    const offset = (each: Element) => each.getBoundingClientRect().top - top;
    this.#anchor = found.find((each) => offset(each!) >= 0) ?? found[0] ?? null;
    this.#offset = this.#anchor ? offset(this.#anchor) : 0;
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
