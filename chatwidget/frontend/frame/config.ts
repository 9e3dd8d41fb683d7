/** What the server wrote into the page: `<script type="application/json" id="chatwidget-config">`. */
import type { Strings } from "./strings.ts";

export interface Look {
  /** #rrggbb, as the owner chose it: look.ts makes it readable. */
  color: string;
  theme: "auto" | "light" | "dark";
  /** CSS pixels. */
  radius: number;
  /** A CSS list of font families; empty: the system's. */
  font: string;
}

type Asked = "optional" | "required" | null;

/** What to ask before the first message. */
export interface Prechat {
  name: Asked;
  email: Asked;
  /** The text to agree to. */
  consent: string | null;
  /** Of that text: a visitor who agreed to another one is asked again. */
  version: string;
}

export interface Config {
  protocol: number;
  slug: string;
  /** Path of the websocket. */
  socket: string;
  token: string;
  tokenUrl: string;
  title: string;
  /** The name messages of the assistant carry. */
  agent: string;
  locale: string;
  look: Look;
  strings: Strings;
  suggestions: string[];
  /** Hosts that images may come from. */
  imageHosts: string[];
  prechat: Prechat | null;
  sound: boolean;
  /** The platform can answer again in place of a complete reply. */
  regenerate: boolean;
  /** Code points; `ready` has the last word. */
  maxLength: number;
}

export function readConfig(document: Document): Config {
  return JSON.parse(document.getElementById("chatwidget-config")!.textContent!);
}
