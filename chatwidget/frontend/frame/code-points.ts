/** Text measured in Unicode code points, as the protocol counts it. */

/** How many code points `text` has; a lone surrogate counts as one, as in Python. */
export function points(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.codePointAt(at)! > 0xffff) {
      pairs++;
      at++;
    }
  }
  return text.length - pairs;
}

/** `text` without its first `count` code points. */
export function after(text: string, count: number): string {
  let at = 0;
  for (; count > 0 && at < text.length; count--) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return text.slice(at);
}

/** What the server takes: no NUL, no lone surrogate, nothing but blanks around it. */
export function sendable(text: string): string {
  return text
    .replace(/\0/g, "")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .trim();
}
