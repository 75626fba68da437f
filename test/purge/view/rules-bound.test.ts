// Rule 7: how long what is known of a stored response is good for.
import { describe, expect, it } from "vitest";
import { boundMs, Isolate, newEntry, responseWith } from "../../../testing/examples/purges.ts";

/** A view that was read that long ago, and a response that was filled under it. */
async function after(ageMs: number) {
  const isolate = new Isolate();
  const stored = await isolate.filled({ colo: "NRT" });
  isolate.clock.advance(ageMs / 1_000);
  return { isolate, stored };
}

describe("rule 7: a stored response answers only", () => {
  it.each([
    { id: "at-the-bound", ageMs: boundMs, judged: "usable" },
    { id: "past-the-bound", ageMs: boundMs + 1, judged: "unverified" },
    { id: "at-once", ageMs: 0, judged: "usable" },
    { id: "under-a-clock-that-went-back", ageMs: -500, judged: "usable" },
  ])("(a) under a view at most N − A old: $id", async ({ ageMs, judged }) => {
    const { isolate, stored } = await after(ageMs);
    expect(isolate.judge(stored, { colo: "HAM" })).toBe(judged);
  });

  it.each([
    { id: "its-own-smaller", lagMs: 5_000, ageMs: 4_000, judged: "usable" },
    { id: "past-its-own", lagMs: 5_000, ageMs: 4_001, judged: "unverified" },
    { id: "its-own-larger", lagMs: 60_000, ageMs: 59_000, judged: "usable" },
    { id: "past-the-larger", lagMs: 60_000, ageMs: 59_001, judged: "unverified" },
  ])("(a) by the N of the route: $id", async ({ lagMs, ageMs, judged }) => {
    const { isolate, stored } = await after(ageMs);
    expect(isolate.judge(stored, { colo: "HAM", maxLagMs: lagMs })).toBe(judged);
  });

  it("(a) if its stamp is known", async () => {
    const { isolate, stored } = await after(0);
    const elsewhere = { ...stored, stamp: { position: "9999999999999-0", n: "x" } };
    expect(isolate.judge(elsewhere)).toBe("unverified");
    expect(isolate.judge({ ...stored, stamp: "none" })).toBe("hard");
  });

  it.each([
    { id: "at-the-bound", ageMs: boundMs, stored: "HAM", asked: "HAM", judged: "usable" },
    { id: "past-the-bound", ageMs: boundMs + 1, stored: "HAM", asked: "HAM", judged: "unverified" },
    { id: "another-colo", ageMs: 0, stored: "NRT", asked: "HAM", judged: "unverified" },
    { id: "no-colo", ageMs: 0, stored: "", asked: "", judged: "unverified" },
    { id: "no-colo-here", ageMs: 0, stored: "HAM", asked: "", judged: "unverified" },
    { id: "no-colo-there", ageMs: 0, stored: "", asked: "HAM", judged: "unverified" },
  ])("(b) in its own colo, at most N − A old: $id", ({ ageMs, judged, ...colos }) => {
    const isolate = new Isolate();
    const stored = responseWith({ colo: colos.stored, requestedAtMs: isolate.clock.atMs });
    isolate.clock.advance(ageMs / 1_000);
    expect(isolate.judge(stored, { colo: colos.asked })).toBe(judged);
  });

  it("(b) counted from the request to the origin, not from its answer", () => {
    const isolate = new Isolate();
    const requestedAtMs = isolate.clock.atMs;
    isolate.clock.advance(boundMs / 1_000 + 1);
    const stored = responseWith({ requestedAtMs, respondedAtMs: isolate.clock.atMs });
    expect(isolate.judge(stored, { colo: "HAM" })).toBe("unverified");
  });

  it("(b) by the N of the route", () => {
    const isolate = new Isolate();
    const stored = responseWith({ requestedAtMs: isolate.clock.atMs });
    isolate.clock.advance(4.001);
    expect(isolate.judge(stored, { colo: "HAM", maxLagMs: 5_000 })).toBe("unverified");
    expect(isolate.judge(stored, { colo: "HAM" })).toBe("usable");
  });

  it.each([
    { id: "hard", mode: "hard", judged: "hard" },
    { id: "soft", mode: "soft", judged: "soft" },
  ] as const)("if no known hard purge covers it, however young: $id", async ({ mode, judged }) => {
    const isolate = new Isolate();
    const stored = await isolate.filled();
    isolate.journal.write(newEntry({ mode, tags: ["tag:red"] }));
    await isolate.renew();
    const young = { ...stored, requestedAtMs: isolate.clock.atMs };
    expect(isolate.judge(young, { colo: "HAM" })).toBe(judged);
  });

  it("under a soft purge too only within the bound", async () => {
    const isolate = new Isolate();
    const stored = await isolate.filled();
    isolate.journal.write(newEntry({ mode: "soft", tags: ["tag:red"] }));
    await isolate.renew();
    isolate.clock.advance(boundMs / 1_000);
    expect(isolate.judge(stored)).toBe("soft");
    isolate.clock.advance(0.001);
    expect(isolate.judge(stored)).toBe("unverified");
  });
});
