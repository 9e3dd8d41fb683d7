/** Marks, in a transcript, the words that were searched for; without changing what is drawn. */

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const NO_SPACES = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]/;

/** As the server folds: without case and accents. */
function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase()
    .normalize("NFC");
}

/** Where one of the words begins, of a script with spaces, or is, of one without. */
export function places(text: string, wanted: string[]): [number, number][] {
  const found: [number, number][] = [];
  for (const match of text.matchAll(WORD)) {
    const folded = fold(match[0]);
    const whole: [number, number] = [match.index, match.index + match[0].length];
    for (const word of wanted) {
      if (!NO_SPACES.test(word)) {
        if (!folded.startsWith(word)) continue;
        found.push(whole);
        break;
      }
      if (folded.length !== match[0].length) {
        if (folded.includes(word)) found.push(whole);
        continue;
      }
      for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1))
        found.push([match.index + at, match.index + at + word.length]);
    }
  }
  return found;
}

export function markWords(): void {
  const lines = document.querySelector<HTMLElement>(".cw-lines");
  if (!lines?.dataset.marks || !("highlights" in CSS)) return;
  const wanted = (JSON.parse(lines.dataset.marks) as string[][]).flat();
  const ranges: Range[] = [];
  for (const bubble of lines.querySelectorAll(".cw-bubble")) {
    const texts = document.createTreeWalker(bubble, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      for (const [start, end] of places(node.textContent ?? "", wanted)) {
        const range = new Range();
        range.setStart(node, start);
        range.setEnd(node, end);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set("cw-found", new Highlight(...ranges));
}
