/**
 * The owner's colour as colours that can be read. What is chosen is corrected, not trusted: text on
 * it is black or white, whichever can be read, and where it is text itself it is darkened (lightened on
 * dark) until WCAG's AA is met against the surface.
 */
import type { Look } from "./config.ts";

type Rgb = [number, number, number];

/** The contrast AA asks of text. */
const AA = 4.5;
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
/** The surfaces of frame.css that coloured text stands on, the one with the least contrast of each theme. */
export const SURFACE_LIGHT = "#f2f3f5";
export const SURFACE_DARK = "#26282d";

export function parse(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function format(rgb: Rgb): string {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Of black and white the one to read on `color`; one of them always has AA. */
export function textOn(color: string): string {
  return contrast(parse(color), WHITE) >= AA ? "#ffffff" : "#000000";
}

/** `color`, moved towards black or white only as far as AA on `surface` needs. */
export function readable(color: string, surface: string): string {
  const from = parse(color);
  const ground = parse(surface);
  const to = luminance(ground) > 0.18 ? BLACK : WHITE;
  for (let step = 0; step <= 20; step++) {
    const mixed = from.map((part, i) => Math.round(part + ((to[i]! - part) * step) / 20)) as Rgb;
    if (contrast(mixed, ground) >= AA) return format(mixed);
  }
  return format(to);
}

/** The custom properties that frame.css is written with. */
export function properties({ color, radius, font }: Look): Record<string, string> {
  return {
    "--accent": color,
    "--on-accent": textOn(color),
    "--accent-on-light": readable(color, SURFACE_LIGHT),
    "--accent-on-dark": readable(color, SURFACE_DARK),
    "--radius": `${Math.min(radius, 24)}px`,
    ...(font && { "--font": font }),
  };
}
