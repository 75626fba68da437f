// Tests that a failure of an application's function reaches the handler, however it fails.
import { expect, it } from "vitest";
import { guarded } from "../../src/base/guarded.ts";
import { neverThrowing } from "../../src/data/data-platform.ts";
import type { Log } from "../../src/observe/log-line.ts";

const cause = new Error("of the application");
/** A promise of a library, which is no `Promise`. */
const thenable = {
  // oxlint-disable-next-line unicorn/no-thenable -- the subject of the test
  then: (_: unknown, reject: (error: unknown) => void) => reject(cause),
};

it.each([
  {
    id: "throws",
    call: () =>
      ((): never => {
        throw cause;
      })(),
  },
  { id: "rejects", call: async () => Promise.reject(cause) },
  { id: "returns a foreign promise that rejects", call: () => thenable },
])("a function that $id", async ({ call }) => {
  const failure = await new Promise((failed) => guarded(call, failed));
  expect(failure).toBe(cause);
});

it("a log that rejects causes no unhandled rejection, which would end the process", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.prependListener("unhandledRejection", note);
  const log = (async () => Promise.reject(cause)) as unknown as Log;
  neverThrowing(log)({ event: "fault", level: "warn", message: "." });
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
