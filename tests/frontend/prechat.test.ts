import assert from "node:assert/strict";
import { test } from "node:test";
import { formToShow } from "../../chatwidget/frontend/frame/prechat.ts";

const prechat = { name: null, email: null, consent: "Agree?", version: "2" };

test("nothing, where nothing is wanted, or all was said", () => {
  assert.equal(formToShow(null, false, undefined), null);
  assert.equal(formToShow({ ...prechat, consent: null }, true, {}), null);
  assert.equal(formToShow(prechat, true, { consent: "2" }), null);
});

test("again, where the text to agree to is another one", () => {
  assert.deepEqual(formToShow(prechat, false, { consent: "1", name: "Ada" }), prechat);
});

test("a text without a version is agreed to as the first", () => {
  const unnamed = { ...prechat, version: "" };
  assert.equal(formToShow(unnamed, false, undefined)?.version, "1");
  assert.equal(formToShow(unnamed, false, { consent: "1" }), null);
});

test("the email that the platform wants, beside what the owner asks", () => {
  assert.equal(formToShow(null, true, undefined)?.email, "optional");
  assert.equal(formToShow(prechat, true, undefined)?.email, "optional");
  assert.equal(formToShow({ ...prechat, email: "required" }, true, undefined)?.email, "required");
});
