// Tests the name of a thrown value, which must be safe to log.
import { expect, it } from "vitest";
import { errorName } from "../../src/base/error-name.ts";

it.each([
  ["an error", new RangeError("s3cret"), "RangeError"],
  ["a string", "s3cret", "unknown"],
  ["an error whose name is a symbol", Object.assign(new Error(), { name: Symbol("s") }), "unknown"],
])("`errorName` returns a text for %s", (_id, cause, name) => {
  expect(errorName(cause)).toBe(name);
});
