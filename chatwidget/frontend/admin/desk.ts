/** Enter saves a note, as it sends a message; Shift+Enter breaks the line. */

export function enhanceDesk(): void {
  for (const area of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-enter]")) {
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (area.value.trim()) area.form?.requestSubmit();
    });
  }
}
