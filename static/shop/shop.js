// The shop talks to the widget as any page may: by the queue, before the loader has run or after.
window.ChatWidget = window.ChatWidget || [];

for (const button of document.querySelectorAll("[data-ask]")) {
  button.addEventListener("click", () => {
    window.ChatWidget.push(["open"]);
    if (button.dataset.ask) window.ChatWidget.push(["send", button.dataset.ask]);
  });
}

const copy = document.querySelector("[data-copy]");
copy.addEventListener("click", async () => {
  const snippet = document.querySelector(".snippet code");
  try {
    await navigator.clipboard.writeText(snippet.textContent);
    copy.textContent = "Copied";
  } catch {
    // Without the clipboard's permission, what is selected can be copied by hand.
    getSelection().selectAllChildren(snippet);
  }
});
