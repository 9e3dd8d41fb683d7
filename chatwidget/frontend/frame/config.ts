/** What the server wrote into the page: `<script type="application/json" id="chatwidget-config">`. */
import type { Theme } from "../bridge-protocol.ts";
import type { Strings } from "./strings.ts";

type Asked = "optional" | "required" | null;

/** What to ask before the first message. */
export interface Prechat {
  name: Asked;
  email: Asked;
  /** The text to agree to. */
  consent: string | null;
  /** Of that text: a visitor who agreed to another one is asked again. */
  version: string;
  /** It is for when nobody is there. */
  away?: boolean;
}

/** Where visitors' own data is asked for, the module that does, and its words. */
export interface OwnData {
  url: string;
  script: string;
  strings: Record<string, string>;
}

export interface Config {
  protocol: number;
  slug: string;
  /** Any page may embed it: what is stored is kept apart by the embedding page's origin. */
  apart: boolean;
  /** Path of the websocket. */
  socket: string;
  /** Path of the second transport. */
  events: string;
  token: string;
  tokenUrl: string;
  title: string;
  /** The owner's choice, or the script tag's. */
  theme: Theme;
  /** The name messages of the assistant carry. */
  agent: string;
  locale: string;
  /** Custom properties of the style sheet: the owner's colour, made readable (embed/theme.py), and the like. */
  look: Record<string, string>;
  strings: Strings;
  suggestions: string[];
  /** Hosts that images may come from. */
  imageHosts: string[];
  /** Addresses of the modules that read Markdown, make MathML of TeX, and draw products. */
  markdown: string;
  math: string;
  rich: string;
  /** Address of the module that solves challenges. */
  challenge: string;
  prechat: Prechat | null;
  /** The visitor may ask for one. */
  person: boolean;
  /** The visitor may download, and delete, what is kept of them. */
  ownData: OwnData | null;
  sound: boolean;
  /** The platform can answer again in place of a complete reply. */
  regenerate: boolean;
  /** Code points; `ready` has the last word. */
  maxLength: number;
  /** What a new visitor is greeted with; empty where that is not known yet. */
  greeting: string;
}

export function readConfig(document: Document): Config {
  return JSON.parse(document.getElementById("chatwidget-config")!.textContent!);
}
