import assert from "node:assert/strict";
import { test } from "node:test";
import { listen } from "../../chatwidget/frontend/frame/host.ts";
import { type State, type ToLoader, VERSION } from "../../chatwidget/frontend/messages.ts";

/** A frame's window with an embedding page, which lets itself be heard when `greet` is called. */
function embedded() {
  const parent = {};
  const window = Object.assign(new EventTarget(), { parent });
  const { port1, port2 } = new MessageChannel();
  const greet = (source: object = parent, data: unknown = VERSION): void => {
    window.dispatchEvent(Object.assign(new Event("message"), { source, data, ports: [port2] }));
  };
  const told: ToLoader[] = [];
  const heard = (count: number): Promise<ToLoader[]> =>
    new Promise((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<ToLoader>) => {
        if (told.push(data) < count) return;
        port1.close();
        resolve(told);
      };
    });
  return { window: window as unknown as Window, greet, heard, page: port1 };
}

test("what is told before the embedding page is heard reaches it then", async () => {
  const { window, greet, heard } = embedded();
  const host = listen(window, () => {});
  host.tell({ type: "close" });
  greet();
  host.tell({ type: "unread", detail: 1 });
  const told = await heard(3);
  assert.deepEqual(
    told.map(({ type }) => type),
    ["running", "close", "unread"],
  );
});

test("nobody but the embedding page is heard, and only in our version", async () => {
  const { window, greet, heard } = embedded();
  const host = listen(window, () => {});
  greet({});
  greet(undefined, VERSION + 1);
  host.tell({ type: "close" });
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
    listen(window, (state) => states.push(state) === 5 && resolve());
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
  const host = listen(window, () => {});
  assert.equal(host.embedded, false);
  host.tell({ type: "close" });
});
