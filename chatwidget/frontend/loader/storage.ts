/** The page's storage, which may be denied, full, or null in an app's web view: then this page's memory. */
const memory: Record<string, string> = {};

/** What an area holds under a name, after it was given a value to hold, if any. */
export function stored(
  area: "localStorage" | "sessionStorage",
  name: string,
  value?: string | number,
): string | undefined {
  try {
    if (value !== undefined) window[area][name] = `${value}`;
    return window[area][name];
  } catch {
    if (value !== undefined) memory[area + name] = `${value}`;
    return memory[area + name];
  }
}
