import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ChatClient } from "../../chatwidget/frontend/frame/chat-client.ts";
import type { ServerFrame } from "../../chatwidget/frontend/frame/protocol.ts";
import { memoryStores, type Stores } from "../../chatwidget/frontend/frame/storage.ts";
import { Fake, READY } from "./environment.ts";

const ready = (more: object) => ({ ...READY, ...more }) as ServerFrame;

function message(id: string, role: string, text = "", status = "complete") {
  return { id, seq: +id.slice(1), role, text, status, created_at: "", attempt: 3 };
}

class Scene extends Fake {
  stores: Stores;
  client: ChatClient;
  refused: string[] = [];

  constructor(stores = memoryStores()) {
    super();
    this.stores = stores;
    this.client = new ChatClient("token", 4000, this, stores, {
      hello: () => ({ locale: "en" }),
      received: () => {},
      refused: (text) => this.refused.push(text),
      changed: () => {},
    });
    this.client.dispatch({ type: "start" });
  }

  of(type: string) {
    return this.sent.filter((frame) => frame.type === type);
  }

  accept(conversation: string) {
    const { id, text } = this.of("send").at(-1)!;
    this.say({ type: "accepted", id, message: message("m1", "user", `${text}`), conversation });
  }
}

suite("the client", () => {
  test("says hello as whom it was left, and remembers what it is told", () => {
    const scene = new Scene(memoryStores({ visitor: "me", conversation: "old" }));
    scene.up(ready({ visitor: "renewed", conversation: "old" }));
    const { visitor, conversation } = scene.of("hello")[0]!;
    assert.deepEqual([visitor, conversation], ["me", "old"]);
    assert.equal(scene.stores.visitor.value.visitor, "renewed");
  });

  test("a first visit has no visitor and asks for no conversation", () => {
    const scene = new Scene();
    scene.up();
    const hello = scene.of("hello")[0]!;
    assert.ok(!("visitor" in hello) && !("conversation" in hello));
  });

  test("what is sent before there is a connection waits, and is kept until it is accepted", () => {
    const scene = new Scene();
    scene.client.send("early");
    assert.equal(scene.stores.tab.value.queue?.length, 1);
    scene.up();
    scene.accept("c");
    assert.deepEqual(scene.stores.tab.value.queue, []);
    assert.equal(scene.stores.visitor.value.conversation, "c");
    assert.equal(scene.client.chat.messages.length, 1);
  });

  test("a repeated accepted of another conversation changes nothing that is kept", () => {
    const scene = new Scene();
    scene.up(ready({ conversation: "now" }));
    const stale = message("m1", "user");
    scene.say({ type: "accepted", id: "unknown", message: stale, conversation: "old" });
    assert.equal(scene.stores.visitor.value.conversation, "now");
  });

  test("a new conversation leads back to the last, unless that was erased", () => {
    for (const gone of [undefined, true]) {
      const scene = new Scene();
      scene.up(ready({ conversation: "c", messages: [message("m1", "user", "hi")] }));
      scene.say(ready({ conversation: null, ...(gone && { gone }) }));
      assert.equal(scene.client.previous, gone ? null : "c");
    }
  });

  test("who the visitor said to be goes before what they send, with each connection", () => {
    const scene = new Scene();
    scene.stores.visitor.save({ profile: { name: "Ada" } });
    scene.client.send("hi");
    scene.up();
    const types = scene.sent.map(({ type }) => type);
    assert.deepEqual(types, ["hello", "profile", "send"]);
  });

  test("a new conversation is asked for now, or with the next hello", () => {
    const scene = new Scene();
    scene.up(ready({ conversation: "c", messages: [message("m1", "user")] }));
    scene.client.renew();
    assert.equal(scene.of("new").length, 1);
    scene.channel.onclose?.({ code: 1006 });
    scene.client.renew();
    assert.deepEqual(scene.client.chat.messages, []);
    scene.pass(1_000);
    scene.up();
    assert.equal(scene.of("hello")[0]!.conversation, null);
  });

  test("older messages are asked for once for each first one", () => {
    const scene = new Scene();
    scene.up(ready({ conversation: "c", messages: [message("m9", "user")], more: true }));
    scene.client.older();
    scene.client.older();
    scene.say({ type: "history", messages: [message("m8", "user")], more: true });
    scene.client.older();
    assert.deepEqual(
      scene.of("history").map(({ before }) => before),
      ["m9", "m8"],
    );
  });

  test("ratings show at once, or not at all", () => {
    const scene = new Scene();
    scene.up(ready({ conversation: "c", messages: [message("m1", "assistant", "Hi")] }));
    assert.equal(scene.client.rate("m1", 1), true);
    assert.equal(scene.client.chat.messages[0]!.rating, 1);
    scene.channel.onclose?.({ code: 1006 });
    assert.equal(scene.client.rate("m1", -1), false);
    assert.equal(scene.client.chat.messages[0]!.rating, 1);
  });

  test("a retry names the attempt that it is of", () => {
    const scene = new Scene();
    scene.up(ready({ conversation: "c", messages: [message("m1", "assistant", "", "failed")] }));
    scene.client.retry("m1");
    assert.deepEqual(scene.of("retry"), [{ type: "retry", id: "m1", attempt: 3 }]);
  });

  test("patience: the same message goes when the time has come, or a reply has ended", () => {
    const scene = new Scene();
    scene.up(ready({ conversation: "c", messages: [message("m1", "assistant", "", "pending")] }));
    scene.client.send("next");
    const busy = { code: "too_many_pending", detail: "", retryable: true };
    scene.say({ type: "error", ...busy, id: scene.of("send")[0]!.id });
    scene.pass(4_000);
    assert.equal(scene.of("send").length, 1);
    scene.say({ type: "done", id: "m1", status: "complete", length: 0 });
    assert.equal(scene.of("send").length, 2);
    scene.say({ type: "error", ...busy, retry_after: 2, id: scene.of("send")[0]!.id });
    scene.pass(2_000);
    assert.equal(scene.of("send").length, 3);
    assert.equal(new Set(scene.of("send").map(({ id }) => id)).size, 1);
  });

  test("the pause that the server asked for last is kept whole", () => {
    const scene = new Scene();
    scene.up(ready({ conversation: "c", messages: [message("m1", "assistant", "", "pending")] }));
    scene.client.send("next");
    const refuse = (code: string, retry_after: number) => {
      const { id } = scene.of("send").at(-1)!;
      scene.say({ type: "error", code, detail: "", retryable: true, retry_after, id });
    };
    refuse("too_many_pending", 5);
    scene.say({ type: "done", id: "m1", status: "complete", length: 0 });
    refuse("rate_limited", 60);
    scene.pass(59_000);
    assert.equal(scene.of("send").length, 2);
    scene.pass(1_000);
    assert.equal(scene.of("send").length, 3);
  });

  test("what the server will never take is given back", () => {
    const scene = new Scene();
    scene.up();
    scene.client.send("too long");
    const error = { code: "message_too_long", detail: "", retryable: false };
    scene.say({ type: "error", ...error, id: scene.of("send")[0]!.id });
    assert.deepEqual(scene.refused, ["too long"]);
  });

  test("a broken store is as none", () => {
    const stores = memoryStores({}, { queue: "nonsense" as never });
    new Scene(stores).up();
  });
});
