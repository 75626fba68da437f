// Tests notes on objects.
import { expect, it } from "vitest";
import { notesOn } from "../../src/base/notes.ts";

it("an object has its last note of each kind, which is no member, and its copies have none", () => {
  const [colors, sizes] = [notesOn<object, string>(), notesOn<object, number>()];
  const object = { a: 1 };
  expect(colors.get(object)).toBeUndefined();
  colors.set(object, "red");
  sizes.set(object, 3);
  colors.set(object, "blue");
  expect([colors.get(object), sizes.get(object)]).toEqual(["blue", 3]);
  expect(Reflect.ownKeys(object)).toEqual(["a"]);
  expect(colors.get({ ...object })).toBeUndefined();
});
