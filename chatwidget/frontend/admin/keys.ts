/** One key for what is done often: elements say by `data-key` which is theirs. */

export function followKeys(): void {
  const help = document.querySelector<HTMLDetailsElement>(".cw-keys");
  if (!help) return;
  const rows = [...document.querySelectorAll<HTMLElement>("#result_list .field-who a")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const { target } = event;
    if (target instanceof HTMLElement && target.matches("input, textarea, select")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (act(event.key)) event.preventDefault();
  });

  function act(key: string): boolean {
    if (key === "?" && help) {
      help.open = !help.open;
      return true;
    }
    const named =
      key === "/"
        ? document.querySelector<HTMLElement>("#searchbar, .cw-find input")
        : document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
    if (named?.matches("input, textarea")) named.focus();
    else if (named) named.click();
    else if (!rows.length || (key !== "j" && key !== "k")) return false;
    else {
      const at = rows.indexOf(document.activeElement as HTMLElement);
      const next = at < 0 ? 0 : at + (key === "j" ? 1 : -1);
      rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
    }
    return true;
  }
}
