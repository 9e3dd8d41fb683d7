/** From what was read to the DOM. Nothing here takes HTML. */

export type Tag = keyof HTMLElementTagNameMap;

/** Inline Markdown as it was read: text, or an element around more of it. */
export type Inline = string | Span;

export interface Span {
  tag: Tag;
  kids: Inline[];
  attributes: Record<string, string>;
  /** How many elements are in each other here. */
  depth: number;
  /** TeX: its text is the source, and what else is made of it is not ours. */
  math?: boolean;
}

export function span(tag: Tag, kids: Inline[] = [], attributes: Span["attributes"] = {}): Span {
  const deepest = kids.reduce((most, kid) => Math.max(most, depth(kid)), 0);
  return { tag, kids, attributes, depth: deepest + 1 };
}

const depth = (node: Inline) => (typeof node === "string" ? 0 : node.depth);

export function textOf(nodes: Inline[]): string {
  return nodes.map((node) => (typeof node === "string" ? node : textOf(node.kids))).join("");
}

/** Chromium copies a text node's whole text on each append, so none may grow without end. */
const LONG_TEXT = 4096;
/** Embeddings, overrides and isolates: in a chat they serve to disguise an address. */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/g;

export function element<K extends Tag>(
  name: K,
  parent?: Element,
  className?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

/** Layout passes over all that is in a block, so that none may have more in it than this. */
export const LARGE = 100;

/** The block itself, or where it is full the last part of it: those out of sight cost nothing. */
export function roomIn(block: Element): Element {
  if (block.childElementCount < LARGE) return block;
  const last = block.lastElementChild!;
  const fits = last.className === "md-part" && last.childElementCount < LARGE;
  return fits ? last : element("div", block, "md-part");
}

/** Appends text, to the element's last text node where there is one. */
export function appendText(parent: Element, text: string): void {
  const shown = text.replace(BIDI, "");
  const last = parent.lastChild;
  if (last instanceof Text && last.length < LONG_TEXT) last.appendData(shown);
  else if (shown) parent.append(shown);
}

/**
 * Makes the children of `parent` what `nodes` say. What is there already and still right stays the
 * same node, so that a reply that grows is only appended to, and a selection in it stays.
 */
export function patch(parent: Element, nodes: Inline[], math?: (made: HTMLElement) => void): void {
  let live = parent.firstChild;
  for (const node of nodes) {
    if (typeof node === "string") {
      const text = node.replace(BIDI, "");
      if (!(live instanceof Text)) live = parent.insertBefore(new Text(text), live);
      else if (!text.startsWith(live.data)) live.data = text;
      else if (text.length > live.length) live.appendData(text.slice(live.length));
    } else {
      const same = isSame(live, node);
      if (!same) live = parent.insertBefore(create(node), live);
      if (!same || !node.math) patch(live as Element, node.kids, math);
      if (!same && node.math) math?.(live as HTMLElement);
    }
    live = live!.nextSibling;
  }
  while (live) {
    const next = live.nextSibling;
    live.remove();
    live = next;
  }
}

function isSame(live: ChildNode | null, { tag, attributes }: Span): boolean {
  const names = Object.keys(attributes);
  return (
    live instanceof HTMLElement &&
    live.localName === tag &&
    live.attributes.length === names.length &&
    names.every((name) => live.getAttribute(name) === attributes[name])
  );
}

function create({ tag, attributes }: Span): HTMLElement {
  const made = document.createElement(tag);
  for (const name of Object.keys(attributes)) made.setAttribute(name, attributes[name]!);
  return made;
}
