// What is said of an error that came from outside.
import { expect, it } from "vitest";
import { errorName } from "../../src/base/error-name.ts";

it.each([
  { id: "an error", cause: new RangeError("s3cret"), name: "RangeError" },
  { id: "no error", cause: "s3cret", name: "unknown" },
  {
    id: "a name that is no text",
    cause: Object.assign(new Error(), { name: Symbol("s") }),
    name: "unknown",
  },
])("$id has a name that can be written", ({ cause, name }) => {
  expect(errorName(cause)).toBe(name);
});
