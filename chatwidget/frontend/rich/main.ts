/** Products, buttons and links: a module of its own, which the frame loads when a reply first has any. */
import css from "./rich.css?text";

export { renderUi } from "./elements.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);
