/**
 * When to talk: the life of the connection as a pure reducer, (state, event) → state and effects.
 * It never touches a socket, a clock or chance; socket.ts does what the effects say.
 *
 *   idle ──start──▶ connecting ──opened──▶ greeting ──ready──▶ ready
 *                      ▲  ▲                   │                  │
 *            due retry │  └──token──▶ token ◀─┤ closed 4401      │ closed, dead, offline
 *                      └───────── waiting ◀───┴──────────────────┘
 *
 *   asleep: the page is in the back/forward cache or going away; closed: told not to come back.
 */

/** A ping every 25 s, and no frame within 10 s of it is a dead socket. */
export const PING_MS = 25_000;
export const DEAD_MS = 10_000;
/** The first wait is at most this long, each further one at most twice the last, up to LONGEST_MS. */
export const FIRST_MS = 1_000;
export const LONGEST_MS = 15_000;
/** A restarting server is given time, and not all of its visitors at one instant. */
const RESTART_MS = 4_000;
/** Instead, while the browser says that there is no network: it is seldom wrong. */
export const OFFLINE_MS = 60_000;

const AGAIN = [1006, 1011, 1012, 4410, 4503];
const RESTARTING = [1012, 4503];
const TOKEN_REFUSED = 4401;

export type Phase =
  | "idle"
  | "token"
  | "connecting"
  | "greeting"
  | "ready"
  | "waiting"
  | "asleep"
  | "closed";

export interface Connection {
  phase: Phase;
  /** Connections lost since the last `ready`. */
  failures: number;
  /** The frame token: as far as we know good, refused, or fetched anew and not yet tried. */
  token: "good" | "stale" | "fresh";
  /** The `dead` timer runs: the next frame stops it. */
  probing: boolean;
  /** The browser has said so, and nothing has shown otherwise since. */
  offline: boolean;
  /** What the server closed with, where that was for good. */
  code: number;
}

export type Timer = "retry" | "ping" | "dead";

export type Event =
  | { type: "start" }
  | { type: "opened" }
  | { type: "ready" }
  /** Any other frame. */
  | { type: "frame" }
  | { type: "closed"; code: number }
  | { type: "token"; outcome: "ok" | "failed" | "gone" }
  | { type: "due"; timer: Timer }
  | { type: "offline" }
  | { type: "online" }
  | { type: "shown" }
  | { type: "pagehide" }
  | { type: "pageshow" }
  /** Connect anew at once: a fresh `ready` is needed, or the visitor asked. */
  | { type: "restart" };

export type Effect =
  | { do: "open" }
  | { do: "hello" }
  | { do: "ping" }
  | { do: "close" }
  | { do: "token" }
  /** Start the timer, at random between the two. */
  | { do: "wait"; timer: Timer; min: number; max: number }
  | { do: "cancel"; timer: Timer };

export type Step = [Connection, Effect[]];

export const initial: Connection = {
  phase: "idle",
  failures: 0,
  token: "good",
  probing: false,
  offline: false,
  code: 0,
};

const wait = (timer: Timer, max: number, min = max): Effect => ({ do: "wait", timer, min, max });
const cancelAll: Effect[] = (["retry", "ping", "dead"] as const).map((timer) => ({
  do: "cancel",
  timer,
}));

export function reduce(state: Connection, event: Event): Step {
  const { phase } = state;
  switch (event.type) {
    case "start":
      return phase === "idle" ? connect(state) : [state, []];
    case "opened":
      return phase === "connecting" ? probe({ ...state, phase: "greeting" }, "hello") : [state, []];
    case "ready":
      if (phase === "ready") return heard(state);
      if (phase !== "greeting") return [state, []];
      return [
        { ...initial, phase: "ready" },
        [{ do: "cancel", timer: "dead" }, wait("ping", PING_MS)],
      ];
    case "frame":
      return heard(state);
    case "closed":
      return closed(state, event.code);
    case "token":
      if (phase !== "token") return [state, []];
      if (event.outcome === "ok") return connect({ ...state, token: "fresh" });
      return event.outcome === "gone" ? end(state, 4404) : lose(state);
    case "due":
      return due(state, event.timer);
    case "offline":
      return atRest(state) ? [state, []] : lose({ ...state, offline: true });
    case "online":
      return back({ ...state, offline: false });
    case "shown":
      return back(state);
    case "pagehide":
      return atRest(state)
        ? [state, []]
        : [{ ...state, phase: "asleep", probing: false }, [...cancelAll, { do: "close" }]];
    case "pageshow":
      return phase === "asleep" ? connect({ ...state, offline: false }) : [state, []];
    case "restart":
      return phase === "asleep" || phase === "idle" ? [state, []] : connect(state);
  }
}

const isUp = ({ phase }: Connection): boolean =>
  phase === "connecting" || phase === "greeting" || phase === "ready";

const atRest = ({ phase }: Connection): boolean =>
  phase === "idle" || phase === "asleep" || phase === "closed";

/** The network or the visitor is back: a reason to try at once, or to look whether all is well. */
function back(state: Connection): Step {
  if (state.phase === "waiting" && !state.offline) return connect(state);
  return state.phase === "ready" && !state.probing ? probe(state, "ping") : [state, []];
}

/** Open a socket, with a new frame token first where the last one was refused. */
function connect(state: Connection): Step {
  const clear: Effect[] = [...cancelAll, { do: "close" }];
  if (state.token === "stale") {
    return [{ ...state, phase: "token", probing: false, code: 0 }, [...clear, { do: "token" }]];
  }
  return [
    { ...state, phase: "connecting", probing: true, code: 0 },
    [...clear, { do: "open" }, wait("dead", DEAD_MS)],
  ];
}

/** Say something that must be answered. */
function probe(state: Connection, what: "hello" | "ping"): Step {
  return [{ ...state, probing: true }, [{ do: what }, wait("dead", DEAD_MS)]];
}

function heard(state: Connection): Step {
  return state.phase === "ready" && state.probing
    ? [{ ...state, probing: false }, [{ do: "cancel", timer: "dead" }]]
    : [state, []];
}

function closed(state: Connection, code: number): Step {
  if (!isUp(state)) return [state, []];
  if (code === TOKEN_REFUSED && state.token !== "fresh") {
    return connect({ ...state, token: "stale" });
  }
  return AGAIN.includes(code) ? lose(state, RESTARTING.includes(code)) : end(state, code);
}

function due(state: Connection, timer: Timer): Step {
  if (timer === "retry") return state.phase === "waiting" ? connect(state) : [state, []];
  if (timer === "dead") return state.probing && isUp(state) ? lose(state) : [state, []];
  if (state.phase !== "ready") return [state, []];
  const [next, effects] = state.probing ? [state, []] : probe(state, "ping");
  return [next, [...effects, wait("ping", PING_MS)]];
}

/** The connection is gone: come back, later each time, and never in step with the others. */
function lose(state: Connection, restarting = false): Step {
  const most = state.offline ? OFFLINE_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** state.failures);
  const again = restarting
    ? wait("retry", Math.max(RESTART_MS, most), FIRST_MS / 4)
    : wait("retry", most, most / 2);
  return [
    { ...state, phase: "waiting", failures: state.failures + 1, probing: false },
    [...cancelAll, { do: "close" }, again],
  ];
}

function end(state: Connection, code: number): Step {
  return [
    { ...state, phase: "closed", token: "good", probing: false, code },
    [...cancelAll, { do: "close" }],
  ];
}
