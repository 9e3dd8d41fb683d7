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
  // What is erased in parts: this page has said how far it is, the next one goes on.
  document.querySelector<HTMLFormElement>("form[data-continue]")?.requestSubmit();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", enhance);
else enhance();
