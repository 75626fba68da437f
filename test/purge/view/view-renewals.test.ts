// Renewals that overlap because one exceeds its timeout. The tests of rules 6 and 15 cover all others.
import { describe, expect, it } from "vitest";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { warmIsolate } from "../../../testing/examples/purges.ts";

describe("rule 15: while a renewal is in progress", () => {
  it("requests join it, although an earlier renewal ends after its timeout", async () => {
    const isolate = await warmIsolate();
    const { journal, clock, view } = isolate;
    const [early, late] = [closedGate(), closedGate()];
    for (const gate of [early, late]) {
      clock.advance(5);
      journal.beforeAnswer = () => gate.opened;
      void view.renewIfDue(isolate.requester);
    }
    early.open();
    await isolate.pending[0];
    // The early read was sent 6 s ago, so the view is due for another renewal.
    clock.advance(1);
    void view.renewIfDue(isolate.requester);
    expect(journal.readCount).toBe(2);
    late.open();
    await isolate.settle();
  });
});
