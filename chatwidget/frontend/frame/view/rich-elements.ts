/**
 * What a platform sends beside a reply's text, `{type, data}`, as elements. The registry is by type;
 * what is unknown, or not of the shape its type promises, is shown as plain text.
 */
import { dressLink, imageAllowed, linkUrl } from "../../markdown/urls.ts";
import { el } from "../dom.ts";
import type { Strings } from "../strings.ts";

type Render = (
  data: unknown,
  hosts: readonly string[],
  strings: Pick<Strings, "products">,
) => Node | null;

const registry: Record<string, Render> = {
  "product-grid": productGrid,
};

export function renderUi(
  ui: unknown,
  hosts: readonly string[],
  strings: Pick<Strings, "products">,
): Node[] {
  if (ui == null) return [];
  const { type, data } = Object(ui) as { type?: unknown; data?: unknown };
  const render = Object.hasOwn(registry, String(type)) ? registry[String(type)] : undefined;
  return [render?.(data, hosts, strings) ?? el("p", { class: "plain-ui", dir: "auto" }, words(ui))];
}

const words = (ui: unknown): string => plain((Object(ui) as { data?: unknown }).data ?? ui);

/** The same for the ear: no addresses, and of an object only what it holds. */
export const uiWords = (ui: unknown): string =>
  words(ui ?? "").replace(/^\w+: (https?:.*|null$)?/gm, "");

interface Product {
  title: unknown;
  price?: unknown;
  image?: unknown;
  url?: unknown;
}

/** A list of articles, each with title, price and link. */
function productGrid(
  data: unknown,
  hosts: readonly string[],
  strings: Pick<Strings, "products">,
): Node | null {
  if (!Array.isArray(data) || !data.every((each) => each && typeof each.title === "string"))
    return null;
  return el(
    "ul",
    { class: "products", role: "list", "aria-label": strings.products, tabindex: 0 },
    ...(data as Product[]).map((product) => el("li", {}, card(product, hosts))),
  );
}

function card({ title, price, image, url }: Product, hosts: readonly string[]): HTMLElement {
  const link = typeof url === "string" ? linkUrl(url) : null;
  const source = typeof image === "string" ? linkUrl(image) : null;
  const name = String(title);
  return el(
    "article",
    { "aria-label": name },
    source && imageAllowed(source, hosts) ? picture(source, name) : tile(name),
    el("h2", {}, link ? dressLink(el("a", {}, name), link) : name),
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

/** Every text and number in a value, a line each, under the names that an object gives them. */
function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.map(plain).join("\n");
  return Object.entries(value)
    .map(([name, each]) => `${name}: ${plain(each)}`)
    .join("\n");
}
