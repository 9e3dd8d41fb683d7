/** A transcript's replies, drawn by the same renderers that drew them for the visitor. */

import { renderUi } from "../frame/view/rich-elements.ts";
import { MarkdownStream } from "../markdown/index.ts";

export function renderTranscript(): void {
  const lines = document.querySelector<HTMLElement>(".cw-lines");
  if (!lines) return;
  const { hosts, copy = "", copied = "", products = "" } = lines.dataset;
  const imageHosts: string[] = JSON.parse(hosts ?? "[]");

  for (const bubble of lines.querySelectorAll<HTMLElement>("[data-markdown]")) {
    const source = bubble.textContent;
    bubble.replaceChildren();
    // Headings begin below the page's own title.
    const options = { imageHosts, headingOffset: 2, strings: { copy_code: copy, copied } };
    const markdown = new MarkdownStream(bubble, options);
    markdown.write(source);
    markdown.end();
    bubble.classList.add("cw-rendered");
  }
  for (const element of lines.querySelectorAll<HTMLElement>("[data-ui]")) {
    const ui: unknown = JSON.parse(element.dataset.ui ?? "null");
    element.append(...renderUi(ui, imageHosts, { products }));
  }
}
