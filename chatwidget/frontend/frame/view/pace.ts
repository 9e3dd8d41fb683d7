/** When things are drawn: not too often, and in turns, so that however long a conversation is, no task of the page is. */

/** Milliseconds of work in a turn. What the browser makes of it afterwards takes several times as many. */
const TURN = 6;
/** So many characters are rendered between two looks at the clock. */
const PIECE = 2048;

/** Milliseconds between two drawings: text that grows thirty times a second flows, at half the work of sixty. */
const GAP = 30;

/** What calls `draw` soon after it is called itself, however often: before a frame is painted. */
export function paced(draw: () => void): () => void {
  let drawn = -GAP;
  let due = false;
  const paint = () =>
    requestAnimationFrame((now) => {
      due = false;
      drawn = now;
      draw();
    });
  return () => {
    if (due) return;
    due = true;
    const wait = drawn + GAP - performance.now();
    if (wait > 0) setTimeout(paint, wait);
    else paint();
  };
}

/** Renders at most so many characters; returns whether that was all. */
export type Work = (most: number) => boolean;

const waiting: Work[] = [];
let until = 0;
let timer = 0;

/** Does the work now, or what of it does not fit into this turn in those that follow. */
export function inTurn(work: Work): void {
  waiting.push(work);
  if (!timer) {
    until = performance.now() + TURN;
    timer = window.setTimeout(next);
  }
  run();
}

function next(): void {
  until = performance.now() + TURN;
  timer = waiting[0] ? window.setTimeout(next) : 0;
  run();
}

function run(): void {
  while (waiting[0] && performance.now() < until) if (waiting[0](PIECE)) waiting.shift();
}
