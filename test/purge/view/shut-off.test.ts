// A journal that is known to be away is still looked for, behind answers that do not wait for it.
import { describe, expect, it } from "vitest";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { boundMs, Isolate, newEntry } from "../../../testing/examples/purges.ts";

/** Its view is past N − A, the journal hangs, and is known to be away. */
async function shutOff(): Promise<{ isolate: Isolate; open: () => void }> {
  const isolate = new Isolate();
  isolate.journal.write(newEntry({ n: "first" }));
  await isolate.filled();
  await isolate.settle();
  isolate.clock.advance(boundMs / 1_000 + 1);
  const gate = closedGate();
  isolate.journal.beforeAnswer = () => gate.opened;
  isolate.journal.asked.length = 0;
  isolate.isShutOff = true;
  return { isolate, open: gate.open };
}

describe("while the journal is shut off", () => {
  it("nobody waits at arrival, and the view is renewed all the same", async () => {
    const { isolate, open } = await shutOff();
    const stored = await isolate.filled();
    expect(isolate.view.attend(isolate.attention)).toBe(undefined);
    expect([isolate.journal.asked, isolate.judge(stored)]).toEqual([["since"], "unverified"]);
    open();
    await isolate.settle();
    expect(isolate.judge(stored)).toBe("usable");
  });

  it("nobody waits for what could not be verified", async () => {
    const { isolate, open } = await shutOff();
    expect(isolate.view.seek(isolate.attention)).toBe(undefined);
    expect(isolate.journal.asked).toEqual(["since"]);
    open();
    await isolate.settle();
  });

  it("a cold isolate fills without a stamp, at once", async () => {
    const isolate = new Isolate();
    const gate = closedGate();
    isolate.journal.beforeAnswer = () => gate.opened;
    isolate.isShutOff = true;
    expect(await isolate.view.stamp(isolate.attention)).toBe("none");
    expect(isolate.journal.asked).toEqual(["newest"]);
    gate.open();
    await isolate.settle();
    expect(await isolate.view.stamp(isolate.attention)).not.toBe("none");
  });

  it("they wait again once it answers", async () => {
    const { isolate, open } = await shutOff();
    isolate.isShutOff = false;
    const waiting = isolate.view.attend(isolate.attention)?.();
    expect(waiting).toBeInstanceOf(Promise);
    open();
    await waiting;
    await isolate.settle();
  });
});
