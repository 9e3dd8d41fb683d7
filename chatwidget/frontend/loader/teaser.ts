/** A line beside the launcher that invites to chat, until the chat is opened or it is waved away. */
import type { Api } from "./api.ts";
import type { Teaser } from "./config.ts";
import { stored } from "./storage.ts";
import css from "./teaser.css?text";

/** `key`: what remembers those who have chatted or waved it away, who are not asked again. */
export function tease(
  key: string,
  launcher: HTMLElement,
  { text, delay }: Teaser,
  close: string,
  api: Api,
): void {
  if (stored("localStorage", key)) return;
  const bubble = document.createElement("aside");
  const end = () => {
    clearTimeout(timer);
    bubble.remove();
    stored("localStorage", key, 1);
  };
  const timer = setTimeout(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    (launcher.parentNode as ShadowRoot).adoptedStyleSheets.push(sheet);
    const say = document.createElement("button");
    const wave = document.createElement("button");
    say.append(text);
    wave.ariaLabel = close;
    say.onclick = api.open;
    wave.onclick = end;
    bubble.append(say, wave);
    launcher.after(bubble);
  }, delay * 1000);
  api.on("open", end);
}
