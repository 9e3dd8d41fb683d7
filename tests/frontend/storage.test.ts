import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openStores, openStoresOf } from "../../chatwidget/frontend/frame/storage.ts";

/** Puts something in the place of the browser's two areas. */
function provide(area: () => unknown): void {
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(globalThis, name, { get: area, configurable: true });
  }
}

const kept = new Map<string, string>();
const working = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value),
};

beforeEach(() => {
  kept.clear();
  provide(() => working);
});

test("what is saved is there for the next page, by widget", () => {
  openStores("shop").visitor.save({ visitor: "me" });
  assert.equal(openStores("shop").visitor.value.visitor, "me");
  assert.equal(openStores("other").visitor.value.visitor, undefined);
});

test("what another tab saved meanwhile is kept", () => {
  const [one, two] = [openStores("shop"), openStores("shop")];
  one.visitor.save({ profile: { name: "Ada" } });
  two.visitor.save({ conversation: "c" });
  assert.deepEqual(openStores("shop").visitor.value.profile, { name: "Ada" });
});

test("denied, full or spoiled, it lives in memory", () => {
  const denied = () => {
    throw new Error("denied");
  };
  const full = { ...working, setItem: denied };
  for (const area of [denied, () => undefined, () => full]) {
    provide(area);
    const { visitor } = openStores("shop");
    visitor.save({ visitor: "me" });
    assert.equal(visitor.value.visitor, "me");
  }
  provide(() => working);
  for (const spoiled of ["", "null", "5", "{"]) {
    kept.set("chatwidget:shop", spoiled);
    assert.deepEqual(openStores("shop").visitor.value, {});
  }
});

test("each embedding origin has its own; what is opened by itself has the widget's", () => {
  Object.defineProperty(globalThis, "location", { value: { origin: "https://chat.example" } });
  openStoresOf("shop", "https://shop.example").visitor.save({ visitor: "me" });
  assert.equal(openStoresOf("shop", "https://shop.example").visitor.value.visitor, "me");
  for (const origin of ["https://blog.shop.example", "https://chat.example", ""]) {
    assert.deepEqual(openStoresOf("shop", origin).visitor.value, {});
  }
  openStoresOf("shop", "https://chat.example").visitor.save({ visitor: "you" });
  assert.equal(openStores("shop").visitor.value.visitor, "you");
  openStoresOf("shop", "").visitor.save({ visitor: "nobody" });
  assert.equal(openStoresOf("shop", "").visitor.value.visitor, undefined, "kept nowhere");
});
