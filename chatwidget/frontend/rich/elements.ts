/**
 * What a platform sends beside a reply's text, `{type, data}`, as elements. The registry is by type;
 * what is unknown, or not of the shape its type promises, is shown as plain text.
 */
import { el } from "../frame/dom.ts";
import type { Strings } from "../frame/strings.ts";
import { inWords } from "../frame/view/ui-words.ts";
import { dressLink, imageAllowed, linkUrl } from "../markdown/urls.ts";

/** What the elements stand in. */
export interface Surroundings {
  imageHosts: readonly string[];
  strings: Pick<Strings, "products" | "suggestions">;
  /** Sends a text as the visitor's; where nobody can, buttons are shown and do nothing. */
  send?: (text: string) => void;
}

type Render = (items: Item[], around: Surroundings) => Node;

const registry: Record<string, Render> = {
  "product-grid": productGrid,
  buttons,
  links,
};

export function renderUi(ui: unknown, around: Surroundings): Node[] {
  if (ui == null) return [];
  const { type, data } = Object(ui) as { type?: unknown; data?: unknown };
  const render = Object.hasOwn(registry, String(type)) ? registry[String(type)] : undefined;
  const drawn = isItems(data) && render?.(data, around);
  return [drawn || inWords(ui)];
}

interface Item {
  title: string;
  payload?: unknown;
  price?: unknown;
  image?: unknown;
  url?: unknown;
}

const isItems = (data: unknown): data is Item[] =>
  Array.isArray(data) && data.every((each) => typeof each?.title === "string");

const list = (name: string, label: string, children: Node[]): HTMLElement =>
  el(
    "ul",
    { class: name, role: "list", "aria-label": label || undefined },
    ...children.map((child) => el("li", {}, child)),
  );

/** A list of articles, each with title, price, and a link or what choosing it sends. */
function productGrid(items: Item[], around: Surroundings): Node {
  const cards = items.map((item) => card(item, around));
  const grid = list("products", around.strings.products, cards);
  grid.tabIndex = 0;
  return grid;
}

/** Answers to choose from: each sends its payload, or its title. One with an address is a link. */
function buttons(items: Item[], { strings, send }: Surroundings): Node {
  return list(
    "chips",
    strings.suggestions,
    items.map((item) => button(item, send)),
  );
}

function button({ title, payload, url }: Item, send: Surroundings["send"]): Node {
  if (url != null) return anchor(title, url, "pill");
  const text = typeof payload === "string" ? payload : title;
  const click = () => send?.(text);
  return el("button", { type: "button", class: "pill", disabled: !send, click }, title);
}

function links(items: Item[]): Node {
  const all = items.map(({ title, url }) => anchor(title, url, ""));
  return list("links", "", all);
}

/** A link, where the address is one that may be followed; else its words. */
function anchor(title: string, url: unknown, name: string): Node {
  const link = typeof url === "string" ? linkUrl(url) : null;
  return link
    ? dressLink(el("a", { class: name || undefined }, title), link)
    : document.createTextNode(title);
}

function card(item: Item, { imageHosts, send }: Surroundings): HTMLElement {
  const { title, price, image, url, payload } = item;
  const source = typeof image === "string" ? linkUrl(image) : null;
  return el(
    "article",
    { "aria-label": title },
    source && imageAllowed(source, imageHosts) ? picture(source, title) : tile(title),
    el("h2", {}, url != null || payload == null ? anchor(title, url, "") : button(item, send)),
    price != null && el("p", {}, String(price)),
  );
}

function picture({ href }: URL, name: string): HTMLElement {
  const error = () => img.replaceWith(tile(name));
  const img = el("img", {
    src: href,
    alt: "",
    loading: "lazy",
    referrerpolicy: "no-referrer",
    error,
  });
  return img;
}

/** In a picture's place. */
function tile(name: string): HTMLElement {
  return el("span", { class: "tile", "aria-hidden": "true" }, name.charAt(0));
}
