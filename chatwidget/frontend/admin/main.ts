/** What the admin's pages gain by scripts. Without them everything is there, only plainer. */

import { answer } from "./answering.ts";
import { enhanceDesk } from "./desk.ts";
import { showExportsProgress } from "./exporting.ts";
import { followKeys } from "./keys.ts";
import { showLive } from "./live.ts";
import { markWords } from "./marks.ts";
import { addCheck, addCopyButtons, addProfile } from "./panels.ts";
import { followPlatform } from "./platform.ts";
import { addPreview } from "./preview.ts";
import { renderTranscript } from "./transcript.ts";

function enhance(): void {
  renderTranscript();
  markWords();
  enhanceDesk();
  answer();
  showLive();
  followKeys();
  addCopyButtons();
  addCheck();
  addProfile();
  followPlatform();
  addPreview();
  showExportsProgress();
  nameSearch();
  // What is erased in parts: this page has said how far it is, the next one goes on.
  document.querySelector<HTMLFormElement>("form[data-continue]")?.requestSubmit();
}

/** Django's label of the list's search box is a picture, and in English whatever the language. */
function nameSearch(): void {
  const box = document.querySelector<HTMLInputElement>("#changelist-search #searchbar");
  const button = box?.form?.querySelector<HTMLInputElement>("input[type=submit]");
  if (box && button) box.ariaLabel = button.value;
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", enhance);
else enhance();
