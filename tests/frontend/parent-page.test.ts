import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FrameMessage,
  type State,
  VERSION,
} from "../../chatwidget/frontend/bridge-protocol.ts";
import { connectParentPage } from "../../chatwidget/frontend/frame/parent-page.ts";

/** A frame's window with an embedding page, which lets itself be heard when `greet` is called. */
function embedded() {
  const parent = {};
  const window = Object.assign(new EventTarget(), { parent });
  const { port1, port2 } = new MessageChannel();
  const greet = (source: object = parent, data: unknown = VERSION): void => {
    window.dispatchEvent(Object.assign(new Event("message"), { source, data, ports: [port2] }));
  };
  const told: FrameMessage[] = [];
  const heard = (count: number): Promise<FrameMessage[]> =>
    new Promise((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<FrameMessage>) => {
        if (told.push(data) < count) return;
        port1.close();
        resolve(told);
      };
    });
  return { window: window as unknown as Window, greet, heard, page: port1 };
}

test("what is sent before the embedding page is heard reaches it then", async () => {
  const { window, greet, heard } = embedded();
  const parent = connectParentPage(window, () => {});
  parent.send({ type: "close" });
  greet();
  parent.send({ type: "unread", detail: 1 });
  const told = await heard(3);
  assert.deepEqual(
    told.map(({ type }) => type),
    ["running", "close", "unread"],
  );
});

test("nobody but the embedding page is heard, and only in our version", async () => {
  const { window, greet, heard } = embedded();
  const parent = connectParentPage(window, () => {});
  greet({});
  greet(undefined, VERSION + 1);
  parent.send({ type: "close" });
  greet();
  assert.deepEqual(
    (await heard(2)).map(({ type }) => type),
    ["running", "close"],
  );
});

test("whoever the embedding page says it is: only texts are told", async () => {
  const { window, greet, page } = embedded();
  const states: State[] = [];
  const all = new Promise<void>((resolve) => {
    connectParentPage(window, (state) => states.push(state) === 5 && resolve());
  });
  greet();
  const rest = { page: { url: "u", title: "t", referrer: "" }, open: true, inline: false };
  const said = [null, undefined, true, [{}], { id: 42, name: null, email: { a: 1 } }];
  for (const identity of said) page.postMessage({ ...rest, identity, texts: [42] });
  await all;
  page.close();
  assert.deepEqual(
    states.map(({ identity }) => identity),
    [{}, {}, {}, {}, { id: "42" }],
  );
  assert.deepEqual([states[0]!.page, states[0]!.texts], [rest.page, ["42"]]);
});

test("a page of its own has nobody to tell", () => {
  const window = new EventTarget() as unknown as Window;
  Object.assign(window, { parent: window });
  const parent = connectParentPage(window, () => {});
  assert.equal(parent.embedded, false);
  parent.send({ type: "close" });
});
