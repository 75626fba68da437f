// What is said of an error that came from outside.
import { expect, it } from "vitest";
import { errorName } from "../../src/base/error-name.ts";

it.each([
  ["an error", new RangeError("s3cret"), "RangeError"],
  ["no error", "s3cret", "unknown"],
  ["a name that is no text", Object.assign(new Error(), { name: Symbol("s") }), "unknown"],
])("%s has a name that can be written", (_id, cause, name) => {
  expect(errorName(cause)).toBe(name);
});
