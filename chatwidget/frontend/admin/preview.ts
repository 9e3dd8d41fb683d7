/** The chat beside a widget's form, as one types. Only what is seen of it is sent to be drawn. */

const PREFIX = "appearance_";
const SEEN = [
  ...["title", "greeting", "csrfmiddlewaretoken"],
  ...["desk_offer_person", "desk_own_data"],
];
const PAUSE_MS = 250;
/** Until a new page has drawn itself, the one before stays. */
const DRAWN_MS = 150;

export function addPreview(): void {
  const host = document.querySelector<HTMLElement>("#cw-preview");
  const form = host?.closest("form");
  const stage = host?.querySelector<HTMLElement>(".cw-stage");
  if (!host || !form || !stage) return;
  host.hidden = false;
  form.classList.add("cw-with-preview");

  let theme = "";
  let timer = 0;
  let asked = new AbortController();

  function given(): FormData {
    const seen = new FormData();
    for (const [name, value] of new FormData(form!))
      if (SEEN.includes(name) || name.startsWith(PREFIX)) seen.append(name, value);
    if (theme) seen.append("shown_theme", theme);
    return seen;
  }

  async function draw(): Promise<void> {
    asked.abort();
    asked = new AbortController();
    const body = given();
    showLauncher(body);
    try {
      const { signal } = asked;
      const answer = await fetch(host!.dataset.url!, { method: "POST", body, signal });
      if (answer.ok) show(await answer.text());
    } catch {
      // Another one has been asked for, or the server is away: what was drawn last stays.
    }
  }

  function show(page: string): void {
    const frame = document.createElement("iframe");
    frame.title = host!.dataset.title ?? "";
    frame.srcdoc = page;
    const before = [...stage!.querySelectorAll("iframe")];
    frame.addEventListener("load", () =>
      setTimeout(() => {
        for (const each of before) each.remove();
      }, DRAWN_MS),
    );
    stage!.prepend(frame);
  }

  /** The style sheet has each option as an attribute, and as a custom property. */
  function showLauncher(body: FormData): void {
    for (const [field, value] of body) {
      const [, name] = field.split(PREFIX);
      if (!name) continue;
      stage!.dataset[name] = `${value}`;
      const isImage = name === "icon" && value;
      stage!.style.setProperty(
        `--cw-${name}`,
        isImage ? `url(${JSON.stringify(value)})` : `${value}`,
      );
    }
  }

  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(draw, PAUSE_MS);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  for (const button of host.querySelectorAll<HTMLButtonElement>("button[data-shown]")) {
    button.addEventListener("click", () => {
      const pressed = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(pressed));
      if (button.dataset.shown === "phone") host.classList.toggle("cw-phone", pressed);
      else {
        theme = pressed ? "dark" : "";
        void draw();
      }
    });
  }
  void draw();
}
