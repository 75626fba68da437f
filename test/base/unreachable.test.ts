// Tests the error for a case that a switch does not handle.
import { expect, it } from "vitest";
import { unreachable } from "../../src/base/unreachable.ts";

it("`unreachable` throws an error that names the value", () => {
  expect(() => unreachable({ kind: "surprise" } as never)).toThrow('{"kind":"surprise"}');
});
