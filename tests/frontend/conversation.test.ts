import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { points } from "../../chatwidget/frontend/frame/code-points.ts";
import {
  ACK_EVERY,
  cut,
  emptyChat,
  enqueue,
  lastEvent,
  nextSend,
  receive,
  running,
} from "../../chatwidget/frontend/frame/conversation.ts";
import { greetingOf } from "../../chatwidget/frontend/frame/greeting.ts";
import type { Message, ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";

import { delta, done, message, play, ready, show } from "./chat-frames.ts";

const pending = message(2, "assistant", "", { status: "pending" });
const begun = ready([message(1, "user", "Hi"), pending]);

suite("a reply", () => {
  test("grows by deltas and ends", () => {
    const [chat, effects] = play(
      emptyChat(),
      begun,
      delta("m2", 0, "Hé"),
      delta("m2", 2, "👍"),
      delta("m2", 3, "!"),
      done("m2", 4),
    );
    assert.equal(chat.messages[1]!.text, "Hé👍!");
    assert.equal(running(chat), undefined);
    assert.deepEqual(effects, [{ do: "ack", id: "m2", offset: 4 }]);
  });

  test("what the agent does is shown until it writes", () => {
    const activity = (text: string): ServerFrame => ({ type: "activity", id: "m2", text });
    const at = (...frames: ServerFrame[]) => play(emptyChat(), begun, ...frames)[0];
    assert.equal(at(activity("Searching…")).messages[1]!.activity, "Searching…");
    assert.equal(at(activity("Searching…"), activity("")).messages[1]!.activity, "");
    const written = at(activity("Searching…"), delta("m2", 0, "a")).messages[1]!;
    assert.deepEqual([written.activity, written.text], ["", "a"]);
    assert.deepEqual(at({ ...activity("x"), id: "unknown" } as ServerFrame), at());
  });

  test("what was had before is not had twice", () => {
    const [chat] = play(emptyChat(), begun, delta("m2", 0, "ab👍"), delta("m2", 1, "b👍cd"));
    assert.equal(chat.messages[1]!.text, "ab👍cd");
  });

  test("a gap, and a wrong length at the end, ask for a fresh ready", () => {
    for (const frame of [delta("m2", 5, "x"), done("m2", 9)]) {
      const [chat, effects] = play(emptyChat(), begun, delta("m2", 0, "ab"), frame);
      assert.deepEqual(effects, [{ do: "resync" }]);
      assert.equal(chat.messages[1]!.text, "ab");
    }
  });

  test("acknowledges at least every 32 Ki code points", () => {
    let chat = play(emptyChat(), begun)[0];
    const acks: number[] = [];
    for (let at = 0; at < 5 * ACK_EVERY; at += 1000) {
      const [next, effects] = receive(chat, delta("m2", at, "👍".repeat(1000)));
      chat = next;
      for (const effect of effects) if (effect.do === "ack") acks.push(effect.offset);
    }
    assert.ok(acks.length >= 4);
    const steps = acks.map((offset, i) => offset - (acks[i - 1] ?? 0));
    assert.ok(Math.max(...steps) < ACK_EVERY + 1000);
  });

  test("a retry begins anew, and what is behind it changes nothing", () => {
    const failed = message(2, "assistant", "half", { status: "failed" });
    const again: ServerFrame = { type: "message", message: { ...pending, attempt: 2 } };
    const [chat] = play(emptyChat(), ready([failed]), again, delta("m2", 0, "who"));
    const [late] = play(chat, { type: "message", message: failed }, again);
    assert.deepEqual(show(late)[0], { ...show(chat)[0] });
    assert.equal(late.messages[0]!.text, "who");
  });

  test("a text that was no answer is taken back at its end", () => {
    const whole = message(2, "assistant", "Yes", { status: "complete" });
    const thought = [begun, delta("m2", 0, "I think: Yes")] as const;
    const [chat] = play(emptyChat(), ...thought, { type: "message", message: whole });
    assert.equal(show(play(chat, done("m2", 3))[0]).at(-1)!.text, "Yes");
  });

  test("repeated after its end, it is acknowledged and nothing more", () => {
    const [whole] = play(emptyChat(), begun, delta("m2", 0, "ab👍"), done("m2", 3));
    const [chat, effects] = receive(whole, delta("m2", 1, "b👍"));
    assert.equal(chat, whole);
    assert.deepEqual(effects, [{ do: "ack", id: "m2", offset: 3 }]);
  });

  test("of an unknown id, nothing comes", () => {
    const [chat] = play(emptyChat(), begun);
    assert.equal(play(chat, delta("x", 0, "a"), done("x", 1))[0], chat);
  });
});

test("older messages go before, and those known stay as they are", () => {
  const [chat] = play(emptyChat(), ready([message(3, "user", "c")], "c", true), {
    type: "history",
    messages: [message(1, "user", "a"), message(2, "user", "b"), message(3, "user", "old")],
    more: false,
  });
  assert.deepEqual(
    chat.messages.map(({ text }) => text),
    ["a", "b", "c"],
  );
  assert.equal(chat.more, false);
});

// --- replaying equals refetching ----------------------------------------------------------------

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A server that holds a conversation and tells of each change by frames. */
class Server {
  messages: Message[] = [];
  #pick: (below: number) => number;

  constructor(pick: (below: number) => number) {
    this.#pick = pick;
  }

  fresh(): ServerFrame {
    return ready(this.messages.map((each) => ({ ...each })));
  }

  /** Something happens; the frames that tell of it. */
  step(): ServerFrame[] {
    const reply = this.messages.at(-1);
    const tell = (): ServerFrame => ({ type: "message", message: { ...this.messages.at(-1)! } });
    if (!reply || (reply.role === "assistant" && !running({ messages: [reply] } as never))) {
      if (reply && this.#pick(3) === 0) {
        const attempt = reply.attempt! + 1;
        this.messages[this.messages.length - 1] = message(reply.seq, "assistant", "", {
          status: "pending",
          attempt,
        });
        return [tell()];
      }
      if (reply && this.#pick(2) === 0) {
        reply.rating = [1, -1][this.#pick(2)]!;
        return [tell()];
      }
      const seq = this.messages.length + 1;
      this.messages.push(message(seq, "user", `question ${seq}`));
      const asked = tell();
      this.messages.push(message(seq + 1, "assistant", "", { status: "pending" }));
      return [asked, tell()];
    }
    if (this.#pick(4) === 0) {
      reply.status = ["complete", "stopped", "failed", "interrupted"][this.#pick(4)]!;
      return [done(reply.id, points(reply.text), reply.status)];
    }
    const text = ["a", "bc", "👍", "é👍x", " ", "日本語"][this.#pick(6)]!;
    const frame = delta(reply.id, points(reply.text), text);
    reply.text += text;
    reply.status = "streaming";
    return [frame];
  }
}

test("however frames are cut, doubled or late, the end is what a fresh ready shows", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const pick = random(seed);
    const server = new Server(pick);
    let chat = play(emptyChat(), server.fresh())[0];
    // A retry's deltas are told from those before it by its `message` alone, which a socket keeps in order.
    let recent: ServerFrame[] = [];
    const states: ServerFrame[] = [];
    const hear = (frame: ServerFrame) => {
      const [next, effects] = receive(chat, frame);
      chat = next;
      if (effects.some((effect) => effect.do === "resync"))
        chat = receive(cut(chat), server.fresh())[0];
    };
    let lost = false;
    for (let step = 0; step < 80; step++) {
      const frames = server.step();
      for (const frame of frames) {
        // A cut: what is sent from here on is not heard until the next ready.
        if (pick(25) === 0) lost = true;
        if (!lost) {
          hear(frame);
          if (frame.type === "message") recent = [];
          else recent.push(frame);
          if (frame.type === "message" && frame.message.rating == null) states.push(frame);
        }
      }
      // Deltas and ends that come again, in any order, and the state of a message that is behind.
      if (!lost && pick(3) === 0) {
        for (const again of [recent[pick(recent.length)], states[pick(states.length)]]) {
          if (again) hear(again);
        }
      }
      if (lost && pick(3) === 0) {
        lost = false;
        recent = [];
        chat = receive(cut(chat), server.fresh())[0];
      }
    }
    if (lost) chat = receive(cut(chat), server.fresh())[0];
    const [fresh] = receive(emptyChat(), server.fresh());
    assert.deepEqual(show(chat), show(fresh), `seed ${seed}`);
  }
});

suite("a person", () => {
  const author = { name: "Ana" };
  const joined = message(2, "event", "Ana joined", { author, event: "joined" });
  const said = message(3, "operator", "Hello!", { author });
  const typing: ServerFrame = { type: "typing", author };

  test("writes until their message is there", () => {
    const [chat, effects] = play(emptyChat(), ready([joined]), typing);
    assert.equal(chat.typing, "Ana");
    assert.deepEqual(effects, [{ do: "typing" }]);
    const [next] = receive(chat, { type: "message", message: said });
    assert.equal(next.typing, "");
    assert.deepEqual(
      next.messages.map((each) => each.text),
      ["Ana joined", "Hello!"],
    );
    assert.equal(running(next), undefined);
    // Sent again, it is the same.
    assert.equal(receive(next, { type: "message", message: said })[0].messages.length, 2);
  });

  test("is here from the last event that says so", () => {
    const left = message(4, "event", "Ana left", { author, event: "left" });
    assert.equal(lastEvent(play(emptyChat(), ready([said]))[0]), "");
    assert.equal(lastEvent(play(emptyChat(), ready([joined, said]))[0]), "joined");
    assert.equal(lastEvent(play(emptyChat(), ready([joined, said, left]))[0]), "left");
  });

  test("is waited for without a reply", () => {
    const waits = enqueue(play(emptyChat(), ready([joined]))[0], "s1", "Hi", joined.created_at);
    const [sent] = nextSend(waits);
    const user = message(3, "user", "Hi");
    const [chat] = receive(sent, {
      type: "accepted",
      id: "s1",
      message: user,
      conversation: "c",
    });
    assert.deepEqual([chat.queue.length, chat.inFlight, running(chat)], [0, null, undefined]);
  });
});

suite("the page's greeting", () => {
  const page = greetingOf("Hello!");
  const begun = receive(emptyChat(), { type: "message", message: page })[0];
  const greeting = message(1, "assistant", "Hello!");
  const ids = (...frames: ServerFrame[]) =>
    play(begun, ...frames)[0].messages.map(({ id, client }) => [id, client]);

  test("is confirmed by the server's, in its place", () => {
    assert.deepEqual(ids(ready([greeting], null)), [["m1", "page"]]);
    assert.deepEqual(ids(ready([greeting], null), ready([greeting], null)), [["m1", "page"]]);
  });

  test("waits for one that comes later", () => {
    assert.deepEqual(ids(ready([], null)), [["page", undefined]]);
    assert.deepEqual(ids(ready([], null), { type: "message", message: greeting }), [
      ["m1", "page"],
    ]);
  });

  test("goes where there is a conversation after all", () => {
    const said = [message(3, "user", "Hi"), message(4, "assistant", "Yes?")];
    assert.deepEqual(ids(ready(said, "c")), [
      ["m3", undefined],
      ["m4", undefined],
    ]);
    assert.deepEqual(ids(ready([], "c")), []);
  });
});
