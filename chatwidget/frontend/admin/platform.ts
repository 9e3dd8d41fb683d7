/** A widget's form asks only for what the chosen platform uses. */

interface Facts {
  agent: boolean;
  baseUrl: boolean;
  defaultBaseUrl: string;
  key: boolean;
}

export function followPlatform(): void {
  const facts = document.querySelector("#cw-platforms");
  const select = document.querySelector<HTMLSelectElement>("#id_provider");
  if (!facts || !select) return;
  const platforms: Record<string, Facts> = JSON.parse(facts.textContent);

  const show = (row: Element, shown: boolean) => row.classList.toggle("cw-unused", !shown);
  const row = (field: string) => rowOf(document.querySelector(`#id_${field}`));
  const options = [...document.querySelectorAll<HTMLElement>('[id^="id_option_"]')];

  function follow(): void {
    const chosen = platforms[select!.value];
    if (!chosen) return;
    const wanted = {
      agent: chosen.agent,
      base_url: chosen.baseUrl,
      new_key: chosen.key,
      clear_key: chosen.key,
    };
    for (const [field, shown] of Object.entries(wanted)) {
      const element = row(field);
      if (element) show(element, shown);
    }
    for (const option of options) {
      const element = rowOf(option);
      if (element) show(element, option.id.startsWith(`id_option_${select!.value}_`));
    }
    const address = document.querySelector<HTMLInputElement>("#id_base_url");
    if (address) address.placeholder = chosen.defaultBaseUrl;
  }

  select.addEventListener("change", follow);
  follow();
}

/** All that belongs to a field: the largest element around it that holds no other. Every admin has
 * classes of its own for that. */
function rowOf(field: Element | null): Element | null {
  let row = field;
  while (row?.parentElement) {
    const fields = row.parentElement.querySelectorAll("input:not([type=hidden]), select, textarea");
    if ([...fields].some((other) => other !== field)) return row;
    row = row.parentElement;
  }
  return row;
}
