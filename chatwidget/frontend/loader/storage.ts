/** What an area of the page's storage holds under a name, after it was given a value, if any. */
export function stored(
  area: "localStorage" | "sessionStorage",
  name: string,
  value?: string | number,
): string | undefined {
  try {
    if (value !== undefined) window[area][name] = value;
    return window[area][name];
  } catch {
    // Denied, full, or null in an app's web view: nothing is remembered.
    return undefined;
  }
}
