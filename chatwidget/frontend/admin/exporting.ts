/** An export that says how far it is: read here as it comes, and then saved. */

/** Of what is counted, the bytes that end one: a line of JSON, a row of a table. */
const LF = 10;
const CR = 13;

export function showExportsProgress(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-export]");
  const told = form?.querySelector<HTMLElement>("[role=status]");
  const bar = form?.querySelector("progress");
  if (!form || !told || !bar) return;
  form.addEventListener("submit", async (event) => {
    const pressed = event.submitter as HTMLButtonElement;
    // A page to print opens by itself.
    if (pressed.formTarget || !("body" in Response.prototype)) return;
    event.preventDefault();
    const body = new FormData(form, pressed);
    const buttons = form.querySelectorAll("button");
    for (const each of buttons) each.disabled = true;
    // A table has a row for each message, the others a line for each conversation.
    const isTable = pressed.value === "csv";
    bar.max = Number(isTable ? form.dataset.messages : form.dataset.conversations) || 1;
    bar.hidden = false;
    const show = (ends: number) => {
      bar.value = ends;
      told.textContent = `${Math.min(ends, bar.max).toLocaleString()} / ${bar.max.toLocaleString()}`;
    };
    try {
      const answer = await fetch("", { method: "POST", body });
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      save(await read(answer.body, isTable ? CR : LF, show), answer);
      show(bar.max);
    } catch {
      // The browser's own download says what is wrong, or has more patience.
      const plain = document.createElement("input");
      Object.assign(plain, { type: "hidden", name: pressed.name, value: pressed.value });
      form.append(plain);
      form.submit();
      plain.remove();
    } finally {
      for (const each of buttons) each.disabled = false;
    }
  });
}

async function read(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  end: number,
  show: (ends: number) => void,
): Promise<Blob> {
  const reader = body.getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let ends = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces);
    pieces.push(value);
    for (const byte of value) if (byte === end) ends += 1;
    show(ends);
  }
}

function save(content: Blob, answer: Response): void {
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = named?.[1] ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
