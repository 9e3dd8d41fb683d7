/** The few DOM operations that Markdown needs. None takes HTML. */

/** Chromium copies a text node's whole text on each append, so none may grow without end. */
const LONG_TEXT = 4096;

export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  parent?: Element,
  className?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

/**
 * Appends text, to the element's last text node where there is one. The two characters that reverse
 * the direction of what follows are left out: in a chat they serve to disguise an address.
 */
export function appendText(parent: Element, text: string): void {
  const shown = text.replace(/[\u202d\u202e]/g, "");
  const last = parent.lastChild;
  if (last instanceof Text && last.length < LONG_TEXT) last.appendData(shown);
  else if (shown) parent.append(shown);
}

export function moveChildren(from: Element, to: Element): void {
  while (from.firstChild) to.append(from.firstChild);
}

/** Puts `text` and the children of `inner` in the place of `outer`. */
export function unwrap(outer: Element, inner: Element, text: string): void {
  if (text) outer.before(text);
  while (inner.firstChild) outer.before(inner.firstChild);
  outer.remove();
}
