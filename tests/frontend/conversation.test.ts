import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  ACK_EVERY,
  type Chat,
  cut,
  type Effect,
  emptyChat,
  enqueue,
  nextSend,
  receive,
  release,
  running,
} from "../../chatwidget/frontend/frame/conversation.ts";
import type { Message, ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";
import { points } from "../../chatwidget/frontend/frame/text.ts";

const AT = "2026-11-20T12:00:00.000Z";

function message(seq: number, role: string, text: string, more: Partial<Message> = {}): Message {
  const reply = role === "assistant" ? { attempt: 1 } : {};
  return { id: `m${seq}`, seq, role, text, status: "complete", created_at: AT, ...reply, ...more };
}

function ready(messages: Message[], conversation: string | null = "c", more = false): ServerFrame {
  const limits = { max_length: 4000 };
  return { type: "ready", protocol: 1, visitor: "v", conversation, messages, more, limits };
}

/** The chat after these frames, and all effects on the way. */
function play(chat: Chat, ...frames: ServerFrame[]): [Chat, Effect[]] {
  const all: Effect[] = [];
  let now = chat;
  for (const frame of frames) {
    const [next, effects] = receive(now, frame);
    now = next;
    all.push(...effects);
  }
  return [now, all];
}

const show = (chat: Chat) =>
  chat.messages.map(({ id, text, status, attempt, rating, error, ui }) => {
    return { id, text, status, attempt, rating, error, ui };
  });

const delta = (id: string, offset: number, text: string): ServerFrame => {
  return { type: "delta", id, offset, text };
};
const done = (id: string, length: number, status = "complete"): ServerFrame => {
  return { type: "done", id, status, length };
};
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

suite("the queue", () => {
  const accepted = (id: string, conversation: string, seq = 3): ServerFrame => {
    return { type: "accepted", id, conversation, message: message(seq, "user", id) };
  };

  test("one at a time, in order, each leaving when it is accepted", () => {
    let chat = play(emptyChat(), ready([], null))[0];
    chat = enqueue(enqueue(chat, "a", "a", AT), "b", "b", AT);
    let sent: { id: string } | undefined;
    [chat, sent] = nextSend(chat);
    assert.equal(sent?.id, "a");
    assert.equal(nextSend(chat)[1], undefined);
    chat = play(chat, accepted("a", "c"))[0];
    assert.equal(chat.conversation, "c");
    [chat, sent] = nextSend(chat);
    assert.equal(sent?.id, "b");
    chat = play(chat, accepted("b", "c", 5), accepted("a", "c"))[0];
    assert.deepEqual([chat.queue, chat.messages.map(({ id }) => id)], [[], ["m3", "m5"]]);
  });

  test("what was cut off is sent again under the same id", () => {
    let chat = enqueue(play(emptyChat(), ready([]))[0], "a", "a", AT);
    [chat] = nextSend(chat);
    const [again, sent] = nextSend(play(cut(chat), ready([]))[0]);
    assert.equal(sent?.id, "a");
    assert.equal(again.queue[0]!.tries, 2);
  });

  test("accepted in a conversation begun on an earlier socket: ask for that one", () => {
    let chat = enqueue(play(emptyChat(), ready([], null))[0], "a", "a", AT);
    [chat] = nextSend(chat);
    // Over a reload, too: all that is kept is the queue.
    for (const before of [chat, emptyChat(chat.queue)]) {
      const [resent] = nextSend(play(cut(before), ready([], null))[0]);
      const [next, effects] = play(resent, accepted("a", "begun"));
      assert.deepEqual(effects, [{ do: "reopen", conversation: "begun" }]);
      assert.deepEqual(next.queue, []);
    }
  });

  test("refused for now: waits, and is not taken for sent twice", () => {
    let chat = enqueue(play(emptyChat(), ready([], null))[0], "a", "a", AT);
    [chat] = nextSend(chat);
    const error = { type: "error", code: "rate_limited", detail: "", retryable: true } as const;
    const [held, effects] = play(chat, { ...error, id: "a", retry_after: 7 });
    assert.deepEqual(effects, [{ do: "hold", seconds: 7 }]);
    assert.equal(nextSend(held)[1], undefined);
    const [again, sent] = nextSend(release(held));
    assert.equal(sent?.id, "a");
    assert.deepEqual(play(again, accepted("a", "c"))[1], []);
  });

  test("refused for good: the text is given back, the next one goes", () => {
    let chat = enqueue(enqueue(play(emptyChat(), ready([]))[0], "a", "long", AT), "b", "b", AT);
    [chat] = nextSend(chat);
    const error = { code: "message_too_long", detail: "", retryable: false };
    const [next, effects] = play(chat, { type: "error", ...error, id: "a" });
    assert.ok(effects[0]?.do === "refused" && effects[0].text === "long");
    assert.equal(nextSend(next)[1]?.id, "b");
  });

  test("an error of something else does not touch it", () => {
    let chat = enqueue(play(emptyChat(), ready([]))[0], "a", "a", AT);
    [chat] = nextSend(chat);
    const error = { type: "error", code: "bad_request", detail: "", retryable: false } as const;
    assert.equal(play(chat, error, { ...error, id: "m1" })[0], chat);
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
