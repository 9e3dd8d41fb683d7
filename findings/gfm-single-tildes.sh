#!/usr/bin/env bash
# Three Markdown libraries with GFM's strikethrough: "5~10 days, 20~30 euros" loses its ranges in two of them.
#
# Guess: strikethrough is `~~text~~`; one tilde between digits is a range, as prices and days are written in Korea, Japan and
#        China, and all three leave it alone.
# Seen:  marked 18.2.1, and micromark 4.0.3 with micromark-extension-gfm 3.0.0 (on which remark-gfm and react-markdown
#        stand): 5<del>10 days, 20</del>30 euros. GFM's specification allows one tilde, between digits as
#        anywhere. markdown-it 15.0.3 wants two. With a single range in a paragraph nothing happens, so it is seen
#        late. micromark's `gfmStrikethrough({ singleTilde: false })` leaves it alone; among
#        marked's options there is none for it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" \
    marked@18.2.1 markdown-it@15.0.3 micromark@4.0.3 micromark-extension-gfm@3.0.0 micromark-extension-gfm-strikethrough@2.1.0
cat > "$folder/seen.mjs" <<'JAVASCRIPT'
import assert from "node:assert/strict";
import MarkdownIt from "markdown-it";
import { marked } from "marked";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { gfmStrikethrough, gfmStrikethroughHtml } from "micromark-extension-gfm-strikethrough";

const libraries = {
  "markdown-it": (text) => MarkdownIt().render(text),
  marked: (text) => marked.parse(text),
  "micromark, GFM": (text) => micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml()] }),
  "micromark, singleTilde: false": (text) =>
    micromark(text, {
      extensions: [gfmStrikethrough({ singleTilde: false })],
      htmlExtensions: [gfmStrikethroughHtml()],
    }),
};
const struck = "5<del>10 days, 20</del>30 euros";
for (const [name, render] of Object.entries(libraries)) {
  const [two, one, really] = ["5~10 days, 20~30 euros", "5~10 days", "~~5~~ 10"].map((text) =>
    render(text).trim().replace(/^<p>|<\/p>$/g, ""),
  );
  console.log(`${name}: ${two} | ${one} | ${really}`);
  assert.equal(two, /^marked|GFM/.test(name) ? struck : "5~10 days, 20~30 euros");
  assert.equal(one, "5~10 days");
  assert.match(really, /^<(del|s)>5<\/\1> 10$/);
}
JAVASCRIPT
node "$folder/seen.mjs"
