import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FrameMessage,
  OLD_VERSION,
  type PageState,
  type SentMessage,
  VERSION,
} from "../../chatwidget/frontend/bridge-protocol.ts";
import { connectParentPage, parentOrigin } from "../../chatwidget/frontend/frame/parent-page.ts";

/** A frame's window with an embedding page, which has `page` once the frame has spoken. */
function embedded() {
  const said: [unknown, string, MessagePort][] = [];
  const parent = {
    postMessage: (data: unknown, target: string, [port]: [MessagePort]) =>
      said.push([data, target, port]),
  };
  const window = Object.assign(new EventTarget(), {
    parent,
    location: {},
    document: { referrer: "" },
  });
  /** A loader of version 1 speaks to the frame. */
  const greet = (port: MessagePort, source: object = parent, data: unknown = OLD_VERSION): void => {
    window.dispatchEvent(Object.assign(new Event("message"), { source, data, ports: [port] }));
  };
  return { window: window as unknown as Window, said, greet };
}

/** The first messages that a port brings. */
function heard<M>(port: MessagePort, count: number): Promise<M[]> {
  const messages: M[] = [];
  return new Promise((resolve) => {
    port.onmessage = ({ data }: MessageEvent<M>) => {
      if (messages.push(data) < count) return;
      port.close();
      resolve(messages);
    };
  });
}

test("the frame speaks first, and what it sends reaches the page whenever that listens", async () => {
  const { window, said } = embedded();
  const parent = connectParentPage(window, () => {});
  const [[data, target, port] = []] = said;
  assert.deepEqual([said.length, data, target], [1, VERSION, "*"]);
  parent.send({ type: "close" });
  parent.send({ type: "unread", detail: 1 });
  assert.deepEqual(await heard<SentMessage>(port!, 2), [
    ["close", undefined],
    ["unread", 1],
  ]);
});

test("a loader of version 1 is answered on its own port", async () => {
  const { window, said, greet } = embedded();
  const parent = connectParentPage(window, () => {});
  const { port1, port2 } = new MessageChannel();
  greet(port2);
  parent.send({ type: "close" });
  const messages = await heard<FrameMessage>(port1, 2);
  assert.deepEqual(
    messages.map(({ type }) => type),
    ["running", "close"],
  );
  said[0]![2].close();
});

test("nobody but the embedding page is listened to", async () => {
  const { window, said, greet } = embedded();
  const parent = connectParentPage(window, () => {});
  const { port1, port2 } = new MessageChannel();
  greet(port2, {});
  greet(port2, undefined, OLD_VERSION + 1);
  parent.send({ type: "close" });
  assert.deepEqual(await heard<SentMessage>(said[0]![2], 1), [["close", undefined]]);
  port1.close();
});

test("whoever the embedding page says it is: only texts are taken", async () => {
  const { window, said } = embedded();
  const states: PageState[] = [];
  const all = new Promise<void>((resolve) => {
    connectParentPage(window, (state) => states.push(state) === 5 && resolve());
  });
  const page = said[0]![2];
  const sent = [null, undefined, true, [{}], { id: 42, name: null, email: { a: 1 }, plan: "x" }];
  for (const identity of sent) {
    page.postMessage([true, "", "t", "u", undefined, [42], "normal", false, undefined, identity]);
  }
  await all;
  page.close();
  assert.deepEqual(
    states.map(({ identity }) => identity),
    [{}, {}, {}, {}, { id: "42" }],
  );
  assert.deepEqual(states[0]!.page, { url: "u", title: "t", referrer: "" });
  assert.deepEqual([states[0]!.open, states[0]!.texts], [true, ["42"]]);
});

test("a page of its own has nobody to speak to", () => {
  const window = new EventTarget() as unknown as Window;
  Object.assign(window, { parent: window, location: { origin: "https://chat.example" } });
  const parent = connectParentPage(window, () => {});
  assert.equal(parent.embedded, false);
  assert.equal(parent.origin, "https://chat.example");
  parent.send({ type: "close" });
});

test("the embedding page's origin is what the browser says", () => {
  const origin = (ancestorOrigins?: string[], referrer = "") =>
    parentOrigin({ location: { ancestorOrigins }, document: { referrer } } as unknown as Window);
  const [shop, top] = ["https://shop.example", "https://top.example"];
  assert.equal(origin([shop, top]), shop);
  assert.equal(origin([shop], "https://elsewhere.example/"), shop);
  assert.equal(origin(undefined, `${shop}/`), shop);
  assert.equal(origin(undefined, "http://a.example:8000/?q=http://b/"), "http://a.example:8000");
  for (const hidden of [undefined, ["null"]]) assert.equal(origin(hidden), "");
});
