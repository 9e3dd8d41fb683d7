/** A line beside the launcher that invites to chat, until the panel is opened or it is waved away. */

import type { Api } from "./api.ts";
import type { Teaser } from "./config.ts";
import css from "./teaser.css?text";

export function tease(
  shadow: ShadowRoot,
  lang: string,
  { text, delay, close }: Teaser,
  api: Api,
): void {
  const timer = setTimeout(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets.push(sheet);
    const bubble = document.createElement("aside");
    const say = document.createElement("button");
    const end = document.createElement("button");
    say.append(text);
    end.ariaLabel = close[lang] ?? close[""]!;
    say.onclick = api.open;
    end.onclick = () => bubble.remove();
    api.on("open", end.onclick as () => void);
    bubble.append(say, end);
    shadow.prepend(bubble);
  }, delay * 1000);
  api.on("open", () => clearTimeout(timer));
}
