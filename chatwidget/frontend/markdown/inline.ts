/**
 * The inline part of Markdown, as a stream: text in, DOM nodes out, each character looked at once.
 *
 * An opener (`**`, a bracket, a backtick) makes its element at once, so that a reply does not flicker
 * from asterisks to bold while it streams. Where the closer never comes the element is undone: its
 * markup becomes text again, its children stay. Only what cannot be decided yet (`*` at the end of
 * what has come, an address) waits, unseen, for a bounded number of characters; a word or a sentence
 * ("both", "Yes!") does not, though it may look like the beginning of an address or an image.
 */

import { appendText, element, moveChildren, unwrap } from "./nodes.ts";
import { dressLink, ESCAPED, imageAllowed, linkUrl, unescapeAll, unescapeOne } from "./urls.ts";

export interface InlineOptions {
  /** Hosts (with the port where it is not 443) whose images are shown; none by default. */
  imageHosts?: readonly string[] | undefined;
}

/** An opener whose closer has not come yet. */
interface Open {
  /** "*", "_", "~", "[" or "![". */
  mark: string;
  /** Its markup that is still open: text again when the closer never comes. */
  left: string;
  /** The length of its run and whether that could close, too: CommonMark's rule of three. */
  run: number;
  both: boolean;
  /** The outermost element, and the innermost, which takes what follows. */
  outer: Element;
  inner: Element;
}

/** Deeper markup is text: this bounds the DOM's depth and the cost of undoing. */
const DEPTH = 12;
/** The longest address, and the longest wait for the end of one. */
const WAIT = 2048;
/** A longer run of delimiters is text. */
const LONGEST_RUN = 8;

const SPECIAL = /[\\`*_~[\]<&\n]|https?:\/\//g;
const HTTP_BEGUN = /\W(h(?:t(?:t(?:p(?:s?(?::\/?)?)?)?)?)?)$/;
const BARE_URL = /[^\s<>"`\u3000-\u303f\uff00-\uffef]{1,2048}/y;
const ESCAPED_HERE = new RegExp(ESCAPED.source, "iy");
const ENTITY_BEGUN = /^&#?\w{0,31}$/;
const ANGLE = /<(?:([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)|([^\s<>@]{1,64}@[^\s<>@]{1,255})|br ?\/?)>/iy;
const ANGLE_BEGUN = /^<(?:[^\s<>]*|br \/?)$/i;
const TARGET =
  /\([ \n]{0,9}(?:<([^<>\n]*)>|((?!<)(?:\\\S|[^\s\\()]|\([^\s()]*\))*))(?:[ \n]{1,9}("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))?[ \n]{0,9}\)/y;
const TARGET_BEGUN = /^\([ \n]{0,9}(?:<[^<>\n]*>?|(?!<)\S*)(?:[ \n]{1,9}(?:["'][\s\S]*)?)?$/;

const SPACE = /^\s?$/;
const PUNCTUATION = /^[\p{P}\p{S}]/u;
// No space is written beside CJK, and its punctuation is not what CommonMark means by the word.
const CJK = /^[\u3000-\ud7a3\uff00-\uffef]/;
const isPunctuation = (char: string) => PUNCTUATION.test(char) && !CJK.test(char);
const isEdge = (char: string) => SPACE.test(char) || PUNCTUATION.test(char) || CJK.test(char);

/** More than two spaces mean no more than two, and need not wait in full. */
const narrowed = (text: string) => text.replace(/ {3,}/g, "  ");

export class Inline {
  readonly #root: Element;
  readonly #options: InlineOptions;
  readonly #open: Open[] = [];
  /** What has come and is not decided yet. */
  #source = "";
  /** Text that is decided and not in the DOM yet. */
  #text = "";
  /** The last two UTF-16 units decided. */
  #before = "";
  /** The code span that is open, its backticks, and its source so far. */
  #code: Element | undefined;
  #ticks = 0;
  #raw = "";

  constructor(root: Element, options: InlineOptions) {
    this.#root = root;
    this.#options = options;
  }

  write(text: string): void {
    this.#source += text;
    this.#run(false);
  }

  end(): void {
    this.#run(true);
    // A code span without an end is none. Each turn has one length of backticks fewer.
    while (this.#code) {
      this.#code.remove();
      this.#code = undefined;
      this.#say("`".repeat(this.#ticks));
      this.#source = this.#raw;
      this.#run(true);
    }
    this.#undoFrom(0);
  }

  #run(last: boolean): void {
    const source = this.#source;
    let at = 0;
    while (at < source.length) {
      const next = this.#code ? this.#inCode(source, at, last) : this.#token(source, at, last);
      if (next === at) break;
      at = next;
    }
    this.#flush();
    // Spaces wait for what follows them.
    this.#source = source.slice(at).replace(/^ {3,}/, "  ");
  }

  #say(text: string): number {
    this.#text += text;
    this.#before = (this.#before + text).slice(-2);
    return text.length;
  }

  #flush(): void {
    const into = this.#code ?? this.#open.at(-1)?.inner ?? this.#root;
    if (this.#text) appendText(into, this.#text);
    this.#text = "";
  }

  #make<K extends keyof HTMLElementTagNameMap>(name: K): HTMLElementTagNameMap[K] {
    this.#flush();
    return element(name, this.#open.at(-1)?.inner ?? this.#root);
  }

  /** Decides what stands at `at`; returns the index after it, or `at` where more must come first. */
  #token(source: string, at: number, last: boolean): number {
    SPECIAL.lastIndex = at;
    const stop = SPECIAL.exec(source)?.index ?? source.length;
    if (stop > at) return this.#plain(source, at, stop, last);
    const char = source[at]!;
    const after = source[at + 1];
    if (char === "\n") return at + this.#say(char);
    if (char === "h") return this.#bareUrl(source, at, last);
    if (after === undefined && !last) return at;
    if (char === "\\" && after === "\n") return this.#break(at + 2);
    if (char === "\\" || char === "&") return this.#escape(source, at, last);
    if (char === "<") return this.#angle(source, at, last);
    if (char === "[") return at + this.#bracket();
    if (char === "]") return this.#closeBracket(source, at, last);
    return this.#delimiters(source, at, last);
  }

  #plain(source: string, at: number, stop: number, last: boolean): number {
    let end = stop;
    while (end > at && source[end - 1] === " ") end--;
    if (source[stop] === "\n") {
      // Spaces at the end of a line go; two of them break it.
      this.#say(narrowed(source.slice(at, end)));
      return stop - end > 1 ? this.#break(stop + 1) : stop;
    }
    if (stop < source.length) end = stop;
    else if (end === stop && !last) {
      const before = this.#before.at(-1) ?? " ";
      const begun = HTTP_BEGUN.exec(before + source.slice(Math.max(at, stop - 8), stop));
      if (begun) end -= begun[1]!.length;
    }
    this.#say(narrowed(source.slice(at, end)));
    return last ? stop : end;
  }

  #break(next: number): number {
    this.#make("br");
    this.#before = "\n";
    return next;
  }

  #escape(source: string, at: number, last: boolean): number {
    ESCAPED_HERE.lastIndex = at;
    const match = ESCAPED_HERE.exec(source);
    if (match) {
      this.#say(unescapeOne(...(match as unknown as [string, string?, string?])));
      // A delimiter that follows an escaped one begins a run of its own.
      this.#before = "\\";
      return at + match[0].length;
    }
    if (!last && ENTITY_BEGUN.test(source.slice(at, at + 34))) return at;
    return at + this.#say(source[at]!);
  }

  #inLink(): boolean {
    return this.#open.some(({ mark }) => mark === "[");
  }

  #link(url: URL, text: string): number {
    dressLink(this.#make("a"), url).append(text);
    this.#before = text.slice(-2);
    return text.length;
  }

  #bareUrl(source: string, at: number, last: boolean): number {
    BARE_URL.lastIndex = at;
    let text = BARE_URL.exec(source)![0];
    if (!last && at + text.length === source.length && text.length < WAIT) return at;
    let unclosed = text.split("(").length - text.split(")").length;
    for (;;) {
      if (text.endsWith(")") && unclosed < 0) unclosed++;
      else if (!/[?!.,:;*_~'\])]$/.test(text) || text.endsWith(")")) break;
      text = text.slice(0, -1);
    }
    const url = text.length < WAIT && !/\w$/.test(this.#before) ? linkUrl(text) : null;
    if (!url || this.#inLink()) return at + this.#say("h");
    return at + this.#link(url, text);
  }

  #angle(source: string, at: number, last: boolean): number {
    ANGLE.lastIndex = at;
    const [all = "", address, email] = ANGLE.exec(source) ?? [];
    if (all && all.length < WAIT) {
      if (!address && !email) return this.#break(at + all.length);
      const url = linkUrl(address ?? `mailto:${email}`);
      if (!url || this.#inLink()) return at + this.#say(all);
      this.#link(url, (address ?? email)!);
      return at + all.length;
    }
    const waits = !last && source.length - at < WAIT && ANGLE_BEGUN.test(source.slice(at));
    return waits ? at : at + this.#say("<");
  }

  #bracket(): number {
    if (this.#open.length >= DEPTH) return this.#say("[");
    const mark = this.#before.endsWith("!") && this.#takeBack() ? "![" : "[";
    const made = this.#make(mark === "[" ? "a" : "span");
    this.#open.push({ mark, left: mark, run: 0, both: false, outer: made, inner: made });
    this.#before = "[";
    return 1;
  }

  /** The last character shown belongs to what follows; false where it is not text of our own. */
  #takeBack(): boolean {
    this.#flush();
    const last = (this.#open.at(-1)?.inner ?? this.#root).lastChild;
    const text = last instanceof Text;
    if (text) last.deleteData(last.length - 1, 1);
    return text;
  }

  #closeBracket(source: string, at: number, last: boolean): number {
    const index = this.#open.findLastIndex(({ mark }) => mark.endsWith("["));
    if (index >= 0 && source[at + 1] === "(") {
      TARGET.lastIndex = at + 1;
      const [all = "", angled, bare, title] = TARGET.exec(source) ?? [];
      if (all && all.length < WAIT) {
        this.#undoFrom(index + 1);
        this.#resolve(unescapeAll(angled ?? bare ?? ""), unescapeAll(title?.slice(1, -1) ?? ""));
        this.#before = ")";
        return at + 1 + all.length;
      }
      if (!last && source.length - at < WAIT && TARGET_BEGUN.test(source.slice(at + 1))) return at;
    }
    if (index >= 0) this.#undo(index);
    return at + this.#say("]");
  }

  /** The innermost bracket has got its address. */
  #resolve(address: string, title: string): void {
    const { mark, outer } = this.#open.pop()!;
    const url = linkUrl(address);
    if (mark === "[") {
      if (!url) {
        unwrap(outer, outer, "");
        return;
      }
      dressLink(outer as HTMLAnchorElement, url, title);
      if (!outer.firstChild) outer.append(url.href);
      // There are no links in links.
      for (let index = this.#open.length; index--; ) {
        if (this.#open[index]!.mark === "[") this.#undo(index);
      }
      return;
    }
    const alt = outer.textContent;
    outer.remove();
    if (url && imageAllowed(url, this.#options.imageHosts ?? [])) {
      const image = this.#make("img");
      image.alt = alt;
      if (title) image.title = title;
      image.loading = "lazy";
      image.referrerPolicy = "no-referrer";
      image.src = url.href;
    } else if (url && !this.#inLink()) this.#link(url, alt || url.href);
    else this.#say(alt);
  }

  #runLength(source: string, at: number, last: boolean): number {
    let end = at;
    while (end - at <= LONGEST_RUN && source[end] === source[at]) end++;
    return end === source.length && end - at <= LONGEST_RUN && !last ? 0 : end - at;
  }

  #inCode(source: string, at: number, last: boolean): number {
    let end = source.indexOf("`", at);
    if (end < 0) end = source.length;
    if (end === at) {
      const run = this.#runLength(source, at, last);
      if (!run) return at;
      end += run;
      if (run === this.#ticks && !this.#raw.endsWith("`")) {
        const text = this.#code!.textContent;
        if (/^ .* $/.test(text) && text.trim()) this.#code!.textContent = text.slice(1, -1);
        this.#code = undefined;
        this.#before = "`";
        return end;
      }
    }
    const text = source.slice(at, end);
    this.#raw += text;
    appendText(this.#code!, text.replaceAll("\n", " "));
    return end;
  }

  #delimiters(source: string, at: number, last: boolean): number {
    const mark = source[at]!;
    const run = this.#runLength(source, at, last);
    if (!run) return at;
    const end = at + run;
    // A tail of a run that is too long; `before` is never the mark otherwise.
    const tail = this.#before.endsWith(mark);
    if (mark === "`" && run <= LONGEST_RUN && !tail) {
      this.#code = this.#make("code");
      this.#ticks = run;
      this.#raw = "";
      return end;
    }
    if (run > 3 || tail || (mark === "~" && run !== 2)) {
      return at + this.#say(source.slice(at, end));
    }
    const after = String.fromCodePoint(source.codePointAt(end) ?? 10);
    if (!last && end + 1 === source.length && /[\ud800-\udbff]/.test(after)) return at;
    const before = [...this.#before].at(-1) ?? "";
    const left = !SPACE.test(after) && (!isPunctuation(after) || isEdge(before));
    const right = !SPACE.test(before) && (!isPunctuation(before) || isEdge(after));
    const word = mark === "_";
    const canOpen = left && (!word || !right || isPunctuation(before));
    const canClose = right && (!word || !left || isPunctuation(after));
    let count = run;
    while (count && canClose) {
      const index = this.#open.findLastIndex(
        (open) =>
          open.mark === mark &&
          !((open.both || canOpen) && (open.run + run) % 3 === 0 && (open.run % 3 || run % 3)),
      );
      if (index < 0) break;
      this.#undoFrom(index + 1);
      count -= this.#close(this.#open[index]!, count);
    }
    if (count && canOpen && this.#open.length < DEPTH) {
      const name = mark === "~" ? "del" : count === 2 ? "strong" : "em";
      const outer = this.#make(name);
      const inner = count === 3 ? element("strong", outer) : outer;
      this.#open.push({ mark, left: mark.repeat(count), run, both: canClose, outer, inner });
    } else if (count) this.#say(mark.repeat(count));
    this.#before = mark;
    return end;
  }

  /** Closes one element of the last opener with up to `count` delimiters; returns how many it took. */
  #close(open: Open, count: number): number {
    this.#flush();
    const left = open.left.length;
    const size = left > 1 && count > 1 ? 2 : 1;
    if (left === size) this.#open.pop();
    else {
      open.left = open.left.slice(size);
      if (size === 2) open.inner = open.outer;
      else {
        // `**a*` was shown as strong: now it is emphasis within what is still open.
        const outer = element(left === 3 ? "strong" : "em");
        moveChildren(open.inner, element("em", outer));
        open.outer.replaceWith(outer);
        open.outer = open.inner = outer;
      }
    }
    return size;
  }

  /** An opener turns out to be text. */
  #undo(index: number): void {
    this.#flush();
    const [open] = this.#open.splice(index, 1);
    unwrap(open!.outer, open!.inner, open!.left);
  }

  #undoFrom(index: number): void {
    this.#flush();
    while (this.#open.length > index) this.#undo(this.#open.length - 1);
  }
}
