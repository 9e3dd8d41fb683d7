/**
 * The gallery: ?state=NAME plays one state in this page, without it all of them are shown in frames.
 * ?theme=dark, ?dir=rtl, ?locale=es and ?width=360 hold for both.
 */
import { readConfig } from "../frame/config.ts";
import { byId, el } from "../frame/dom.ts";
import { loadMarkdown } from "../frame/view/reply-text.ts";
import { Stage } from "./stage.ts";
import { states } from "./states.ts";

const query = new URLSearchParams(location.search);
const name = query.get("state");

function index(): void {
  byId("states").append(
    ...Object.keys(states).map((state) => {
      const own = new URLSearchParams(query);
      own.set("state", state);
      const src = `?${own}`;
      return el(
        "figure",
        {},
        el("figcaption", {}, el("a", { href: src }, state)),
        el("iframe", { src, title: state, loading: "lazy" }),
      );
    }),
  );
}

/** What goes away by itself after a while stays, so that it can be looked at. */
const LONG_MS = 2_000;

function holdStill(): void {
  const { setTimeout } = window;
  const patient = (call: () => void, ms = 0) => (ms < LONG_MS ? setTimeout(call, ms) : 0);
  window.setTimeout = patient as typeof window.setTimeout;
}

async function play(state: string): Promise<void> {
  const scene = states[state];
  if (!scene) throw new Error(`no such state: ${state}`);
  await loadMarkdown(readConfig(document));
  holdStill();
  const stage = new Stage(scene);
  await scene.play?.(stage);
  await stage.shown();
  document.documentElement.dataset.played = state;
}

if (name) void play(name);
else index();
