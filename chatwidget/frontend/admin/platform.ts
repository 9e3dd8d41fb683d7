/** A widget's form asks only for what the chosen platform, or preset, uses. */

interface Facts {
  agent: boolean;
  baseUrl: boolean;
  defaultBaseUrl: string;
  key: boolean;
}

interface Preset extends Facts {
  agentHelp: string;
  keyHelp: string;
  notes: string;
  description: unknown;
}

interface Platform extends Facts {
  presets?: Record<string, Preset>;
}

const row = (field: string) => rowOf(document.querySelector(`#id_${field}`));

export function followPlatform(): void {
  const facts = document.querySelector("#cw-platforms");
  const select = document.querySelector<HTMLSelectElement>("#id_provider");
  if (!facts || !select) return;
  const platforms: Record<string, Platform> = JSON.parse(facts.textContent);
  const preset = document.querySelector<HTMLSelectElement>("#id_option_generic_preset");
  const own = document.querySelector<HTMLTextAreaElement>("#id_option_generic_description");
  const dryRun = document.querySelector<HTMLElement>("#cw-dry-run");
  const options = [...document.querySelectorAll<HTMLElement>('[id^="id_option_"]')];

  const show = (element: Element | null, shown: boolean) =>
    element?.classList.toggle("cw-unused", !shown);

  function follow(): void {
    const platform = platforms[select!.value];
    if (!platform) return;
    // A description of one's own is what counts, and may use anything.
    const chosen = own?.value.trim() ? undefined : platform.presets?.[preset?.value ?? ""];
    const used = chosen ?? platform;
    show(row("agent"), used.agent);
    show(row("base_url"), used.baseUrl);
    show(row("new_key"), used.key);
    show(row("clear_key"), used.key);
    for (const option of options)
      show(rowOf(option), option.id.startsWith(`id_option_${select!.value}_`));
    if (dryRun) dryRun.hidden = select!.value !== "generic";
    const address = document.querySelector<HTMLInputElement>("#id_base_url");
    if (address) address.placeholder = used.defaultBaseUrl;
    note("agent", chosen?.agentHelp);
    note("new_key", chosen?.keyHelp);
    note("option_generic_preset", chosen?.notes);
  }

  addBeginning(platforms, preset, own, follow);
  addDryRun(dryRun?.querySelector("button"));
  for (const field of [select, preset, own]) field?.addEventListener("change", follow);
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

/** What a preset says of a field, below it. */
function note(field: string, text = ""): void {
  const host = row(field);
  if (!host) return;
  let line = host.querySelector<HTMLElement>(".cw-note");
  if (!line) {
    line = document.createElement("p");
    line.className = "cw-note cw-quiet";
    host.append(line);
  }
  line.textContent = text;
  line.hidden = !text;
}

/** A button that turns the chosen preset into a description to be changed. */
function addBeginning(
  platforms: Record<string, Platform>,
  preset: HTMLSelectElement | null,
  own: HTMLTextAreaElement | null,
  follow: () => void,
): void {
  const template = document.querySelector<HTMLTemplateElement>("#cw-beginning");
  if (!template || !preset || !own) return;
  const button = template.content.firstElementChild!.cloneNode(true) as HTMLButtonElement;
  preset.after(button);
  button.addEventListener("click", () => {
    const chosen = platforms.generic?.presets?.[preset.value];
    if (!chosen) return;
    own.value = JSON.stringify(chosen.description, null, 2);
    follow();
    own.focus();
  });
}

/** What the form says is tried in a tab of its own, and the form stays as it is. */
function addDryRun(button: HTMLButtonElement | null | undefined): void {
  button?.addEventListener("click", () => {
    // No submit button from the start: the first one of a form is what Enter presses.
    const sender = document.createElement("button");
    sender.hidden = sender.formNoValidate = true;
    sender.formAction = button.dataset.url!;
    sender.formTarget = "_blank";
    button.after(sender);
    button.form?.requestSubmit(sender);
    sender.remove();
  });
}
