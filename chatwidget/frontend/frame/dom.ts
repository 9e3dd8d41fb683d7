/** Making elements. Text becomes text nodes and nothing is parsed, so nothing can run. */

type Handler = (event: Event) => void;
export type Child = Node | string | null | undefined | false;

/** An element with attributes (true: empty, false: none), listeners (functions, by event) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Record<string, string | number | boolean | Handler | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, `${value}`);
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the symbols in frame.html. */
export function icon(name: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button that is an icon and has its name as a tooltip. */
export function iconButton(name: string, label: string, click: Handler): HTMLButtonElement {
  return el(
    "button",
    { type: "button", class: "icon", "aria-label": label, title: label, click },
    icon(name),
  );
}

/** The element of frame.html with this id. */
export function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** While an input method composes, keys belong to it (229: Safari's sign of the same). */
export const composing = (event: KeyboardEvent): boolean =>
  event.isComposing || event.keyCode === 229;

/** Lets the visitor write. */
export function focusText(): void {
  const text = byId<HTMLTextAreaElement>("text");
  text.focus({ preventScroll: true });
  // WebKit's scripts may not, in a frame of another origin that was made before it was clicked for.
  if (document.activeElement !== text) location.replace(`#${text.id}`);
  // WebKit gives a frame of another origin the focus, but lets nobody type before there is a caret.
  text.selectionEnd += 0;
}

/**
 * The same as soon as the frame has the focus, which the loader gives it only where the visitor opened
 * it: a panel that the next page opens again must not take it.
 */
export function focusWithFrame(): void {
  if (document.hasFocus()) focusText();
  else window.addEventListener("focus", focusText, { once: true });
}

/** Shows or hides what may have the focus, which then goes on. */
export function toggle(element: HTMLElement, shown: boolean): void {
  const focused = document.hasFocus() && element.contains(document.activeElement);
  element.hidden = !shown;
  if (focused && !shown) refocus();
}

/** Takes the focus from a button that goes away; on a phone not to the text, whose keyboard would open. */
export function refocus(): void {
  const id = matchMedia("(pointer: coarse)").matches ? "scroller" : "text";
  byId(id).focus({ preventScroll: true });
}
