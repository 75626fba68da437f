// Rule 7: how long a stored response may be used.
import { describe, expect, it } from "vitest";
import {
  allowanceMs,
  boundMs,
  Isolate,
  maxLagMs,
  newEntry,
  responseWith,
} from "../../../testing/examples/purges.ts";

/** Creates an isolate and a response, and lets both the view and the response reach this age. */
async function after(ageMs: number) {
  const isolate = new Isolate();
  const stored = await isolate.filled({ colo: "NRT" });
  isolate.clock.advance(ageMs / 1_000);
  return { isolate, stored };
}

describe("rule 7 (a): a view of at most N − A that knows the stamp", () => {
  it.each([
    { id: "at once", ageMs: 0, judged: "usable" },
    { id: "at the bound", ageMs: boundMs, judged: "usable" },
    { id: "past the bound", ageMs: boundMs + 1, judged: "unverified" },
    { id: "clock set back", ageMs: -500, judged: "usable" },
    { id: "smaller N of the route", maxLagMs: 5_000, ageMs: 4_000, judged: "usable" },
    { id: "past the smaller N", maxLagMs: 5_000, ageMs: 4_001, judged: "unverified" },
    { id: "larger N of the route", maxLagMs: 60_000, ageMs: 59_000, judged: "usable" },
    { id: "past the larger N", maxLagMs: 60_000, ageMs: 59_001, judged: "unverified" },
  ])("$id: $judged", async ({ ageMs, judged, ...asked }) => {
    const { isolate, stored } = await after(ageMs);
    expect(isolate.judge(stored, { colo: "HAM", ...asked })).toBe(judged);
  });

  it("a response with an unknown stamp is not usable", async () => {
    const { isolate, stored } = await after(0);
    const elsewhere = { ...stored, stamp: { position: "9999999999999-0", n: "x" } };
    expect(isolate.judge(elsewhere)).toBe("unverified");
    expect(isolate.judge({ ...stored, stamp: "none" })).toBe("hard");
  });
});

describe("rule 7 (b): a body that this colo requested at most N − A ago", () => {
  it.each([
    { id: "at the bound", ageMs: boundMs, stored: "HAM", colo: "HAM", judged: "usable" },
    { id: "past the bound", ageMs: boundMs + 1, stored: "HAM", colo: "HAM", judged: "unverified" },
    { id: "dated A ahead", ageMs: -allowanceMs, stored: "HAM", colo: "HAM", judged: "usable" },
    { id: "further ahead", ageMs: -1_001, stored: "HAM", colo: "HAM", judged: "unverified" },
    { id: "another colo", ageMs: 0, stored: "NRT", colo: "HAM", judged: "unverified" },
    { id: "no colo on either side", ageMs: 0, stored: "", colo: "", judged: "unverified" },
    { id: "no colo of this isolate", ageMs: 0, stored: "HAM", colo: "", judged: "unverified" },
    { id: "no colo of the record", ageMs: 0, stored: "", colo: "HAM", judged: "unverified" },
  ])("$id: $judged", ({ ageMs, judged, colo, stored }) => {
    const isolate = new Isolate();
    const response = responseWith({ colo: stored, requestedAtMs: isolate.clock.atMs });
    isolate.clock.advance(ageMs / 1_000);
    expect(isolate.judge(response, { colo })).toBe(judged);
  });

  it("counts from the request to the origin, not from its answer", () => {
    const isolate = new Isolate();
    const requestedAtMs = isolate.clock.atMs;
    isolate.clock.advance(boundMs / 1_000 + 1);
    const stored = responseWith({ requestedAtMs, respondedAtMs: isolate.clock.atMs });
    expect(isolate.judge(stored, { colo: "HAM" })).toBe("unverified");
  });

  it("uses the N of the route", () => {
    const isolate = new Isolate();
    const stored = responseWith({ requestedAtMs: isolate.clock.atMs });
    isolate.clock.advance(4.001);
    expect(isolate.judge(stored, { colo: "HAM", maxLagMs: 5_000 })).toBe("unverified");
    expect(isolate.judge(stored, { colo: "HAM" })).toBe("usable");
  });
});

describe("rule 7: a read that a replica answers, with L at most", () => {
  it.each([
    { id: "a replica in the primary's region", replicaLagMs: 50, lateMs: 0 },
    { id: "A", replicaLagMs: allowanceMs, lateMs: 0 },
    { id: "A + 500 ms", replicaLagMs: allowanceMs + 500, lateMs: 500 },
  ])("$id: a purge is late by at most $lateMs ms", async ({ replicaLagMs, lateMs }) => {
    const { isolate, stored } = await after(boundMs + 1);
    isolate.journal.replicaLagMs = replicaLagMs;
    const { atMs: purgedAtMs } = isolate.clock;
    isolate.journal.write(newEntry({ tags: ["tag:red"] }));
    // The last moment at which the replica lacks the purge.
    isolate.clock.advance((replicaLagMs - 1) / 1_000);
    await isolate.view.renewIfDue(isolate.requester)?.();
    await isolate.settle();
    isolate.clock.advance(boundMs / 1_000);
    expect(isolate.judge(stored)).toBe("usable");
    const usedAfterMs = isolate.clock.atMs - purgedAtMs;
    expect(Math.max(0, usedAfterMs - maxLagMs)).toBe(Math.max(0, lateMs - 1));
    isolate.clock.advance(0.001);
    expect(isolate.judge(stored)).toBe("unverified");
    isolate.journal.replicaLagMs = 0;
    await isolate.renew();
    expect(isolate.judge(stored)).toBe("hard");
  });
});

describe("rule 7: a known purge", () => {
  it.each(["hard", "soft"] as const)("also covers recent responses: %s", async (mode) => {
    const { isolate, stored } = await after(0);
    isolate.journal.write(newEntry({ mode, tags: ["tag:red"] }));
    await isolate.renew();
    const young = { ...stored, requestedAtMs: isolate.clock.atMs, colo: "HAM" };
    expect(isolate.judge(young, { colo: "HAM" })).toBe(mode);
  });

  it("does not extend the bound if it is soft", async () => {
    const { isolate, stored } = await after(0);
    isolate.journal.write(newEntry({ mode: "soft", tags: ["tag:red"] }));
    await isolate.renew();
    isolate.clock.advance(boundMs / 1_000);
    expect(isolate.judge(stored)).toBe("soft");
    isolate.clock.advance(0.001);
    expect(isolate.judge(stored)).toBe("unverified");
  });
});
