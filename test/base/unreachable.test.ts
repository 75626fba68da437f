// A case that no switch handles is an error at once.
import { expect, it } from "vitest";
import { unreachable } from "../../src/base/unreachable.ts";

it("names the value that was not handled", () => {
  expect(() => unreachable({ kind: "surprise" } as never)).toThrow('{"kind":"surprise"}');
});
