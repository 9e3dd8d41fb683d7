/**
 * TeX as MathML, by Temml. A module of its own, loaded when a reply first has a formula (see
 * ../markdown/typeset.ts). Of what Temml makes only elements and attributes that draw are taken over,
 * so that nothing in a formula can load, link, run or stand elsewhere on the page.
 */

import temml from "temml";
import css from "./math.css?text";

/** What Temml builds: a tree of these, and of texts. */
interface Made {
  type?: string;
  text?: string;
  attributes?: Record<string, unknown>;
  children?: Made[];
}

const MATHML = "http://www.w3.org/1998/Math/MathML";
const ELEMENTS = new Set(
  (
    "math mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt " +
    "mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none"
  ).split(" "),
);
const ATTRIBUTES = new Set(
  (
    "accent accentunder columnalign columnlines columnspacing depth display displaystyle fence form " +
    "height largeop linethickness lspace mathcolor mathvariant maxsize minsize movablelimits " +
    "rowlines rowspacing rspace scriptlevel separator stretchy symmetric voffset width"
  ).split(" "),
);

/** What defines what comes later, and may so grow without end, or is no formula. */
const DEFINES =
  /\\(?:[egx]?def|let|futurelet|(?:re)?newcommand|providecommand|html\w*|href|url|include\w*)\b/;

function built(made: Made): Node {
  const { type, text, attributes = {}, children = [] } = made;
  if (text !== undefined && !type) return new Text(text);
  const drawn =
    type && ELEMENTS.has(type)
      ? document.createElementNS(MATHML, type)
      : document.createDocumentFragment();
  if (drawn instanceof Element) {
    for (const [name, value] of Object.entries(attributes)) {
      if (ATTRIBUTES.has(name)) drawn.setAttribute(name, String(value));
    }
  }
  drawn.append(...children.map(built));
  return drawn;
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);

const { __renderToMathMLTree: build } = temml as unknown as {
  __renderToMathMLTree(tex: string, options: object): Made;
};

/** More than these on a page stay as they were written. */
let left = 1000;
const waiting: HTMLElement[] = [];

/** Draws the formula whose source is the element's text, when there is time for it. */
export function typeset(formula: HTMLElement): void {
  if (left-- > 0 && waiting.push(formula) === 1) setTimeout(drawSome);
}

function drawSome(): void {
  const until = performance.now() + 20;
  while (waiting[0] && performance.now() < until) draw(waiting.shift()!);
  if (waiting[0]) setTimeout(drawSome, 20);
}

/** The source stays, unseen, to be copied. */
function draw(formula: HTMLElement): void {
  if (!formula.isConnected) return;
  const source = formula.textContent;
  const size = /^\$(?!\$)/.test(source) ? 1 : 2;
  const tex = source.slice(size, -size);
  if (DEFINES.test(tex)) return;
  try {
    const displayMode = /^\$\$|^\\\[/.test(source);
    const math = built(
      build(tex, { displayMode, throwOnError: true, maxExpand: 500, maxSize: [3, 3] }),
    );
    const kept = document.createElement("span");
    kept.className = "md-tex";
    kept.ariaHidden = "true";
    kept.append(source);
    formula.replaceChildren(math, kept);
  } catch {
    // What Temml does not understand stays as it was written.
  }
}
