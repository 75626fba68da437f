// What the isolate that took a purge knows of it before anybody has read it
// (docs/purge-protocol.md, after rule 22): it covers there at once, until the entry arrives by a join, and no longer.
import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../src/purge/journal/entry.ts";
import { Isolate, newEntry, responseWith } from "../../../testing/examples/purges.ts";

const red = (changes: Partial<NewEntry> = {}) =>
  newEntry({ n: "red", tags: ["tag:red"], ...changes });

async function holding() {
  const isolate = new Isolate();
  isolate.journal.write(newEntry({ n: "first" }));
  const before = await isolate.filled();
  await isolate.settle();
  isolate.clock.advance(1);
  /** Into the journal, whose answer is on its way. */
  const append = (entry: NewEntry = red()): Entry => {
    return { ...entry, position: isolate.journal.write(entry) };
  };
  return { isolate, before, append };
}

describe("an accepted purge, before a join has brought it", () => {
  it("covers at once what was there, and nothing else", async () => {
    const { isolate, before, append } = await holding();
    isolate.view.apply([append()]);
    expect(isolate.judge(before)).toBe("hard");
    expect(isolate.judge({ ...before, tags: ["green"] })).toBe("usable");
  });

  it("covers what is filled meanwhile, whose stamp is from before", async () => {
    const { isolate, append } = await holding();
    isolate.view.apply([append()]);
    expect(isolate.judge(await isolate.filled())).toBe("hard");
  });

  it("covers without a view too, however young the response", () => {
    const isolate = new Isolate();
    isolate.view.apply([{ ...red(), position: "1-0" }]);
    const young = responseWith({ requestedAtMs: isolate.clock.atMs });
    expect(isolate.judge(young, { colo: "HAM" })).toBe("hard");
  });

  it("does not touch where the view ends, nor its age", async () => {
    const { isolate, append } = await holding();
    const { sentAtMs } = isolate.view;
    isolate.view.apply([append()]);
    expect([isolate.view.chain?.end.n, isolate.view.sentAtMs]).toEqual(["first", sentAtMs]);
  });

  it.each([
    { id: "soft-alone", modes: ["soft"], judged: "soft" },
    { id: "soft-after-hard", modes: ["hard", "soft"], judged: "hard" },
    { id: "hard-after-soft", modes: ["soft", "hard"], judged: "hard" },
  ] as const)("keeps hard and soft apart: $id", async ({ modes, judged }) => {
    const { isolate, before, append } = await holding();
    for (const mode of modes) isolate.view.apply([append(red({ n: mode, mode }))]);
    expect(isolate.judge(before)).toBe(judged);
  });

  it("nor does a soft one hide a hard one of the chain", async () => {
    const { isolate, before, append } = await holding();
    append();
    await isolate.renew();
    isolate.view.apply([append(red({ n: "soft", mode: "soft" }))]);
    expect(isolate.judge(before)).toBe("hard");
  });
});

describe("once a join has brought it", () => {
  it("covers what is older, and no longer what is newer", async () => {
    const { isolate, before, append } = await holding();
    isolate.view.apply([append()]);
    await isolate.renew();
    const after = await isolate.filled();
    expect([isolate.judge(before), isolate.judge(after)]).toEqual(["hard", "usable"]);
    expect(isolate.view.entries.length).toBe(2);
  });

  it("also if that read overtook the journal's answer", async () => {
    const { isolate, before, append } = await holding();
    const entry = append();
    await isolate.renew();
    isolate.view.apply([entry]);
    const after = await isolate.filled();
    expect([isolate.judge(before), isolate.judge(after)]).toEqual(["hard", "usable"]);
    expect(isolate.view.entries.length).toBe(2);
  });

  it("not by a read from a replica that does not have it yet", async () => {
    const { isolate, before, append } = await holding();
    isolate.view.apply([append()]);
    isolate.journal.replicaLagMs = 9_500;
    await isolate.renew();
    expect(isolate.judge(before)).toBe("hard");
    isolate.journal.replicaLagMs = 0;
    await isolate.renew();
    expect([isolate.judge(before), isolate.view.entries.length]).toEqual(["hard", 2]);
  });

  it("and not if it was lost: it covers until it is there again", async () => {
    const { isolate, before, append } = await holding();
    const entry = append();
    isolate.view.apply([entry]);
    isolate.journal.stream.loseNewest(1, isolate.clock.atMs);
    await isolate.renew();
    expect(isolate.judge(before)).toBe("hard");
    append(entry);
    await isolate.renew();
    expect([isolate.judge(before), isolate.judge(await isolate.filled())]).toEqual([
      "hard",
      "usable",
    ]);
  });
});
