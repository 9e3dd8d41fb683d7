/**
 * The inline part of Markdown: a block's text in, what it says out. A pure function, so that a text
 * comes out the same however it came; a block that grows is read again, which is cheap because none
 * is long.
 *
 * While more text is to come, what is open is shown as it most likely ends: `**bold` is bold, `[` of
 * a long text is a bracket, for brackets that are no link outnumber links. What cannot be decided yet
 * (`*` at the end of what has come, a short text in brackets, an address) waits, unseen, for a bounded
 * number of characters.
 */

import { bareAddress } from "./autolinks.ts";
import {
  closeFirm,
  DEPTH,
  delimiter,
  type Item,
  isMark,
  type Mark,
  pair,
  settled,
} from "./delimiters.ts";
import { ESCAPED, unescapeOne } from "./entities.ts";
import {
  angled,
  bracketed,
  type InlineOptions,
  image,
  isSource,
  link,
  type Target,
  told,
} from "./links.ts";
import { formula } from "./math.ts";
import { type Inline, span, type Tag, textOf } from "./nodes.ts";
import { linkUrl } from "./urls.ts";

export interface Context extends InlineOptions {
  /** What a label was defined as so far. */
  defined(label: string): Target | undefined;
}

/** The longest wait for the end of an address. */
const WAIT = 2048;
/** The longest text in brackets that waits for what follows it. */
const SHORT = 80;
/** An element that has more parts than that is not closed. */
const FAR = 500;

const SPECIAL =
  /[\\`*_~[\]<&\n$]|(?<!\S)!$|!\[|https?:\/\/|www\.|(?<![\w.+-])(?:mailto:)?[\w.+-]{1,64}@(?=\w)/gi;
const RUN = /`+/g;
const ESCAPED_HERE = new RegExp(ESCAPED.source, "iy");
const ENTITY_BEGUN = /^&#?\w{0,31}$/;
const TAG =
  /<(?:(\/?)(b|i|u|s|em|strong|del|ins|mark|small|sub|sup|kbd|code)|(br) ?\/?|\/?think(?:ing)?)>/iy;
const ANGLE_BEGUN = /^<(?:[^\s<>]{0,320}|br ?\/?|!--[\s\S]*)$/;

export function readInline(source: string, last: boolean, context: Context): Inline[] {
  return new Reader(source, last, context).read();
}

class Reader {
  readonly #source: string;
  readonly #last: boolean;
  readonly #context: Context;
  readonly #items: Item[] = [];
  /** The brackets that are open. */
  #brackets: Mark[] = [];
  /** Runs of backticks that end no code span from here on. */
  readonly #noCode = new Set<string>();

  constructor(source: string, last: boolean, context: Context) {
    this.#source = source;
    this.#last = last;
    this.#context = context;
  }

  read(): Inline[] {
    const source = this.#source;
    const items = this.#items;
    for (let at = 0; at >= 0 && at < source.length; ) {
      SPECIAL.lastIndex = at;
      const stop = SPECIAL.exec(source)?.index ?? source.length;
      if (stop > at) items.push(source.slice(at, stop));
      at = stop < source.length ? this.#token(stop) : stop;
    }
    this.#trim();
    pair(items, 0);
    if (!this.#last) {
      // An image is not shown before it is known.
      const index = items.findIndex((item) => isMark(item) && item.kind === "![");
      if (index >= 0 && source.length - (items[index] as Mark).from < WAIT) items.length = index;
      closeFirm(items);
    }
    return settled(items);
  }

  /** Reads what stands at `at`; returns the index after it, or -1 where more must come first. */
  #token(at: number): number {
    const source = this.#source;
    const char = source[at]!;
    if (char === "\n") return this.#break(at);
    if (char === "`") return this.#code(at);
    if ("*_~".includes(char)) return this.#delimiters(at);
    if (char === "[") return this.#bracket("[", at + 1);
    if (char === "!" && source[at + 1]) return this.#bracket("![", at + 2);
    if (!"!]<\\$&".includes(char)) return this.#bare(at);
    if (at + 1 === source.length && !this.#last) return -1;
    if (char === "]") return this.#closeBracket(at);
    if (char === "<") return this.#angle(at);
    const end = formula(source, at, this.#last);
    return end < 0 ? end : end ? this.#math(at, end) : this.#escape(at);
  }

  #say(next: number, ...nodes: Inline[]): number {
    this.#items.push(...nodes);
    return next;
  }

  /** Takes the spaces at the end of what has come away. */
  #trim(): void {
    const last = this.#items.pop();
    if (last) this.#items.push(typeof last === "string" ? last.replace(/[ \t]+$/, "") : last);
  }

  #break(at: number): number {
    this.#trim();
    let next = at + 1;
    while (/[ \t]/.test(this.#source[next] ?? "")) next++;
    return this.#say(next, span("br"));
  }

  #code(at: number): number {
    const source = this.#source;
    RUN.lastIndex = at;
    const ticks = RUN.exec(source)![0];
    const from = at + ticks.length;
    let end: number | undefined;
    if (!this.#noCode.has(ticks)) {
      let run = RUN.exec(source);
      while (run && run[0] !== ticks) run = RUN.exec(source);
      end = run?.index;
    }
    if (end === undefined) {
      this.#noCode.add(ticks);
      if (this.#last || /\w/.test(source[at - 1] ?? "")) return this.#say(from, ticks);
    }
    // What is open goes on to the end, but for backticks that may close it.
    let text = source.slice(from, end).replaceAll("\n", " ");
    if (end === undefined) text = text.replace(/`+$/, "");
    if (/^ [\s\S]*[^ ][\s\S]* $/.test(text)) text = text.slice(1, -1);
    if (text) this.#items.push(span("code", [text]));
    return end === undefined ? source.length : end + ticks.length;
  }

  #delimiters(at: number): number {
    const source = this.#source;
    let end = at;
    while (source[end] === source[at]) end++;
    const after = String.fromCodePoint(source.codePointAt(end) ?? 10);
    if (!this.#last && (end === source.length || /[\ud800-\udbff]$/.test(after))) return -1;
    const before = [...source.slice(Math.max(0, at - 2), at)].at(-1) ?? "";
    const text = source.slice(at, end);
    this.#items.push(delimiter(text, before, after, end) ?? text);
    return end;
  }

  #math(at: number, end: number): number {
    const title = this.#source.slice(at, end);
    const made = span("span", [title], {
      class: /^(?:\$\$|\\\[)/.test(title) ? "md-math md-display" : "md-math",
      title,
    });
    made.math = true;
    return this.#say(end, made);
  }

  #escape(at: number): number {
    const source = this.#source;
    if (source.startsWith("\\\n", at)) return this.#break(at + 1);
    ESCAPED_HERE.lastIndex = at;
    const match = ESCAPED_HERE.exec(source);
    if (match) return this.#say(at + match[0].length, unescapeOne(match[0], match[1], match[2]));
    if (!this.#last && ENTITY_BEGUN.test(source.slice(at, at + 34))) return -1;
    return this.#say(at + 1, source[at]!);
  }

  #bare(at: number): number {
    const [text, address] = bareAddress(this.#source, at, this.#brackets.length > 0);
    const end = at + (text.length || 1);
    // One that may still grow is text for now.
    const url = text && (this.#last || end < this.#source.length) ? linkUrl(address) : null;
    return this.#say(end, ...(url ? link(url, [text]) : [text || this.#source[at]!]));
  }

  #angle(at: number): number {
    const source = this.#source;
    const [all, nodes] = angled(source, at);
    if (all) return this.#say(at + all, ...nodes);
    TAG.lastIndex = at;
    const [tag = "", end, name, br] = TAG.exec(source) ?? [];
    const next = at + tag.length;
    if (br) return this.#say(next, span("br"));
    if (name) return this.#tag(tag, name.toLowerCase(), !!end, next);
    if (tag) return next;
    const closed = source.startsWith("<!--", at) ? source.indexOf("-->", at + 2) : -1;
    if (closed > 0) return closed + 3;
    if (!this.#last && ANGLE_BEGUN.test(source.slice(at, at + WAIT))) return -1;
    return this.#say(at + 1, "<");
  }

  #tag(text: string, name: string, end: boolean, next: number): number {
    const items = this.#items;
    if (!end) {
      items.push({ kind: name, text, from: next, run: 0, opens: false, closes: false, firm: true });
      return next;
    }
    let index = items.length - 1;
    const least = Math.max(0, index - FAR);
    while (index >= least && (items[index] as Mark).kind !== name) index--;
    const kids = index < least ? null : this.#within(index);
    return kids ? this.#say(next, span(name as Tag, kids)) : this.#say(next, text);
  }

  /** Takes the mark at `index` and what follows it away; null where that is too deep to be wrapped. */
  #within(index: number): Inline[] | null {
    const items = this.#items;
    pair(items, index + 1);
    const kids = settled(items.slice(index + 1));
    if (span("a", kids).depth > DEPTH) return null;
    const { from } = items[index] as Mark;
    this.#brackets = this.#brackets.filter((bracket) => bracket.from < from);
    items.length = index;
    return kids;
  }

  #bracket(kind: string, from: number): number {
    if (!this.#last && this.#mayBeLink(from)) return -1;
    const mark = { kind, text: kind, from, run: 0, opens: true, closes: false, firm: false };
    this.#items.push(mark);
    this.#brackets.push(mark);
    return from;
  }

  #mayBeLink(from: number): boolean {
    const source = this.#source;
    let open = 1;
    for (let at = from; at < from + SHORT; at++) {
      const char = source[at];
      if (char === "\n") return false;
      if (char === undefined) return true;
      if (char === "[") open++;
      if (char === "]" && !--open) {
        const text = source.slice(from, at);
        return bracketed(source, at + 1, false, text, this.#context.defined)[0] < 0;
      }
    }
    return false;
  }

  #closeBracket(at: number): number {
    const source = this.#source;
    const { defined, base } = this.#context;
    const bracket = this.#brackets.pop();
    if (!bracket?.opens) return this.#say(at + 1, "]");
    const text = source.slice(bracket.from, at);
    const [end, target] = bracketed(source, at + 1, this.#last, text, defined);
    if (end < 0) return end;
    const kids = target && this.#within(this.#items.lastIndexOf(bracket));
    const next = at + 1 + end;
    if (!kids) {
      bracket.kind = "";
      return this.#say(at + 1, "]");
    }
    const url = linkUrl(target!.address, base);
    if (bracket.kind === "![")
      return this.#say(next, ...image(url, textOf(kids), target!, this.#context));
    if (text[0] === "^") return this.#say(next, span("sup", [text.slice(1)]));
    // There are no links in links.
    for (const outer of this.#brackets) if (outer.kind === "[") outer.opens = false;
    const followed = url && (kids.length || target!.address);
    // What was shown of a source's number is what it is known by.
    if (!end && isSource(text)) kids.splice(0, kids.length, `[${text}]`);
    return this.#say(
      next,
      ...(followed ? link(url, kids, target!.title) : [...kids, told(target!.address)]),
    );
  }
}
