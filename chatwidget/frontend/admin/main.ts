/** What the admin's pages gain by scripts. Without them everything is there, only plainer. */

import { addCheck, addCopyButtons } from "./panels.ts";
import { followPlatform } from "./platform.ts";
import { renderTranscript } from "./transcript.ts";

function enhance(): void {
  renderTranscript();
  addCopyButtons();
  addCheck();
  followPlatform();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", enhance);
else enhance();
