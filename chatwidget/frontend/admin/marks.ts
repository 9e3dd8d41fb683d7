/** Marks, in a transcript, the words that were searched for; without changing what is drawn. */

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const NO_SPACES = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]/;

// Of letters that Unicode does not take apart, what is typed in their place.
const LETTERS = new Map(
  Object.entries({
    ß: "ss",
    æ: "ae",
    œ: "oe",
    ø: "o",
    ł: "l",
    đ: "d",
    ħ: "h",
    ŧ: "t",
    ı: "i",
    þ: "th",
  }),
);

/** As the server folds: without case and accents. */
function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLowerCase()
    .replace(/[ßæœøłđħŧıþ]/g, (letter) => LETTERS.get(letter) ?? letter)
    .normalize("NFC");
}

/** Where in a text each character of its folded form begins, and its end. */
function origins(text: string): number[] {
  const found: number[] = [];
  let at = 0;
  for (const char of text) {
    for (let left = fold(char).length; left > 0; left--) found.push(at);
    at += char.length;
  }
  return [...found, at];
}

/** Where one of the words begins, of a script with spaces, or is, of one without. */
export function places(text: string, wanted: string[]): [number, number][] {
  const found: [number, number][] = [];
  for (const match of text.matchAll(WORD)) {
    const [said] = match;
    const folded = fold(said);
    for (const word of wanted) {
      if (!NO_SPACES.test(word)) {
        if (!folded.startsWith(word)) continue;
        found.push([match.index, match.index + said.length]);
        break;
      }
      let at = folded.indexOf(word);
      const from = at < 0 ? [] : origins(said);
      for (; at >= 0; at = folded.indexOf(word, at + 1)) {
        const [start = 0, end = said.length] = [from[at], from[at + word.length]];
        found.push([match.index + start, match.index + end]);
      }
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
