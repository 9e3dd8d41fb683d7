/** A transcript's replies, drawn by the same renderers that drew them for the visitor. */

import { MarkdownStream } from "../markdown/index.ts";
import { typesetter } from "../markdown/typeset.ts";
import { renderUi } from "../rich/elements.ts";

export function renderTranscript(): void {
  const lines = document.querySelector<HTMLElement>(".cw-lines");
  if (!lines) return;
  openPageOfLink();
  const { products = "", suggestions = "" } = lines.dataset;
  const imageHosts = hostsOf(lines);

  for (const bubble of lines.querySelectorAll<HTMLElement>("[data-markdown]")) {
    const source = bubble.textContent;
    bubble.replaceChildren();
    const markdown = markdownOf(lines, bubble);
    markdown.write(source);
    markdown.end();
    bubble.classList.add("cw-rendered");
  }
  for (const element of lines.querySelectorAll<HTMLElement>("[data-ui]")) {
    const ui: unknown = JSON.parse(element.dataset.ui ?? "null");
    element.append(...renderUi(ui, { imageHosts, strings: { products, suggestions } }));
  }
}

const hostsOf = (lines: HTMLElement): string[] => JSON.parse(lines.dataset.hosts ?? "[]");

/** What writes a reply into its bubble. */
export function markdownOf(lines: HTMLElement, bubble: HTMLElement): MarkdownStream {
  const { base, copy = "", copied = "", thinking = "", math } = lines.dataset;
  return new MarkdownStream(bubble, {
    imageHosts: hostsOf(lines),
    base,
    copy,
    copied,
    thinking,
    headingOffset: 2, // headings begin below the page's own title
    math: typesetter(math),
  });
}

/** A link that names a message only, by its fragment, opens the page that it is on. */
function openPageOfLink(): void {
  const seq = Number(/^#message-(\d+)$/.exec(location.hash)?.[1]);
  const { first, last } = document.querySelector<HTMLElement>(".cw-conversation")?.dataset ?? {};
  const elsewhere = seq > 0 && (seq < Number(first) || seq > Number(last));
  const after = String(Math.max(seq - 4, 0));
  const query = new URLSearchParams(location.search);
  if (!elsewhere || query.get("after") === after) return; // the latter: there is no such message
  query.delete("before");
  query.set("after", after);
  location.search = query.toString();
}
