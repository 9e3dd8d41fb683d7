import type { Event } from "./connection.ts";

/** What happens to the page happens to the connection. */
export function followPage(dispatch: (event: Event) => void): void {
  for (const type of ["online", "offline", "pagehide", "pageshow"] as const) {
    window.addEventListener(type, () => dispatch({ type }));
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) dispatch({ type: "shown" });
  });
}
