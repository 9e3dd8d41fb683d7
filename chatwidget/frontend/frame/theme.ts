/** The owner's colours, and light or dark. */
import type { Theme } from "../bridge-protocol.ts";
import type { Config } from "./config.ts";

export function paint({ look }: Config): void {
  const { style } = document.documentElement;
  for (const [name, value] of Object.entries(look)) style.setProperty(name, value);
}

/** "auto": as the embedding page is, where its `color-scheme` is one of both, else as the system. */
export function themed(theme: Theme, scheme = ""): void {
  const [one, other] = scheme.match(/light|dark/g) ?? [];
  document.documentElement.dataset.theme = theme === "auto" && one && !other ? one : theme;
}
