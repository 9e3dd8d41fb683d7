/** What staff add to a conversation: Enter saves a note, and tags are completed one by one. */

export function enhanceDesk(): void {
  for (const area of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-enter]")) {
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (area.value.trim()) area.form?.requestSubmit();
    });
  }
  completeTags();
}

/** A list of suggestions completes the whole field: so each begins with the tags before it. */
function completeTags(): void {
  const field = document.querySelector<HTMLInputElement>("#cw-tags");
  const list = field?.list;
  if (!field || !list) return;
  const known = Array.from(list.querySelectorAll("option"), (option) => option.value);
  field.addEventListener("input", suggest);
  suggest();

  function suggest(): void {
    const before = field?.value.replace(/[^,]*$/, "") ?? "";
    const taken = new Set(before.split(",").map((tag) => tag.trim()));
    const options = known
      .filter((tag) => !taken.has(tag))
      .map((tag) => {
        const option = document.createElement("option");
        option.value = `${before}${before && " "}${tag}`;
        return option;
      });
    list?.replaceChildren(...options);
  }
}
