// Tests what a view returns besides judgements: whether a validator may be sent, the instants of purges,
// the newest stamp, and the switch. The other tests of this folder test judgements.
import { describe, expect, it } from "vitest";
import { byInvalidation } from "../../../src/purge/journal/entry.ts";
import {
  boundMs,
  type EntryChanges,
  entryAt,
  Isolate,
  maxLagMs,
  newEntry,
  responseWith,
  stampAt,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

const red = (changes: EntryChanges = {}) => newEntry({ n: "red", tags: ["tag:red"], ...changes });

/** Creates an isolate with a response, and lets a second pass. */
async function warm() {
  const isolate = await warmIsolate();
  const stored = await isolate.filled();
  isolate.clock.advance(1);
  return { isolate, stored };
}

/** Makes a purge known: this isolate has read it, or has accepted it and not read it. */
const known = {
  read: async ({ journal, view }: Isolate, entry = red()) => {
    const position = journal.write(entry);
    await view.tail.catchUp();
    return position;
  },
  accepted: async ({ journal, view }: Isolate, entry = red()) => {
    const position = journal.write(entry);
    view.tail.apply([{ ...entry, position }]);
    return position;
  },
};

describe("rule 23: a stored validator is sent", () => {
  const mayBe = ({ view, clock }: Isolate, stored: ReturnType<typeof responseWith>) =>
    view.mayBeValidated(stored, { atMs: clock.atMs, maxLagMs });

  it.each([
    { id: "no purge", purge: { tags: ["tag:green"] }, sent: true },
    { id: "a hard purge", purge: {}, sent: false },
    { id: "a soft purge", purge: { mode: "soft" as const }, sent: true },
    { id: "an invalidation", purge: { by: byInvalidation }, sent: true },
  ])("unless a hard purge covers the response: $id, $sent", async ({ purge, sent }) => {
    for (const how of ["read", "accepted"] as const) {
      const { isolate, stored } = await warm();
      await known[how](isolate, red(purge));
      expect(mayBe(isolate, stored)).toBe(sent);
    }
  });

  it("if the response was requested after the hard purge", async () => {
    const { isolate } = await warm();
    await known.read(isolate);
    expect(mayBe(isolate, await isolate.filled())).toBe(true);
  });

  it.each([
    { id: "at N − A", ageMs: boundMs, sent: true },
    { id: "past N − A", ageMs: boundMs + 1, sent: false },
  ])("if the view is recent: $id, $sent", async ({ ageMs, sent }) => {
    const isolate = await warmIsolate();
    const stored = await isolate.filled();
    isolate.clock.advance(ageMs / 1_000);
    expect(mayBe(isolate, stored)).toBe(sent);
  });

  it("only if the view knows the stamp", async () => {
    const { isolate, stored } = await warm();
    expect(mayBe(isolate, { ...stored, stamp: stampAt("9-9") })).toBe(false);
    expect(mayBe(isolate, { ...stored, stamp: "none" })).toBe(false);
    expect(mayBe(new Isolate(), stored)).toBe(false);
  });
});

describe("a response counts as purged since an instant", () => {
  it.each([
    { id: "before the purge", sinceMs: -1, isPurged: true },
    { id: "at the purge", sinceMs: 0, isPurged: true },
    { id: "after the purge", sinceMs: 1, isPurged: false },
  ])("$id: $isPurged", async ({ sinceMs, isPurged }) => {
    for (const how of ["read", "accepted"] as const) {
      const { isolate, stored } = await warm();
      await known[how](isolate);
      expect(isolate.view.purgedSince(stored, isolate.clock.atMs + sinceMs)).toBe(isPurged);
    }
  });

  it.each([
    { id: "read", older: "accepted", newer: "read" },
    { id: "accepted", older: "read", newer: "accepted" },
  ] as const)("by the newest purge, which this isolate has $id", async ({ older, newer }) => {
    const { isolate, stored } = await warm();
    const { clock, view } = isolate;
    await known[older](isolate, red({ n: "older" }));
    clock.advance(1);
    await known[newer](isolate, red({ n: "newer" }));
    expect(view.purgedSince(stored, clock.atMs)).toBe(true);
    expect(view.purgedSince(stored, clock.atMs + 1)).toBe(false);
  });

  it("without a view, only by a purge that this isolate accepted", async () => {
    const isolate = new Isolate();
    const { atMs } = isolate.clock;
    expect(isolate.view.purgedSince(responseWith(), 0)).toBe(false);
    await known.accepted(isolate);
    expect(isolate.view.purgedSince(responseWith(), atMs)).toBe(true);
    expect(isolate.view.purgedSince(responseWith(), atMs + 1)).toBe(false);
  });
});

it("rule 29: content may be older than a purge up to A after it", async () => {
  for (const how of ["read", "accepted"] as const) {
    const { isolate, stored } = await warm();
    const { clock, view } = isolate;
    clock.advance(60);
    await known[how](isolate);
    const mayPredate = (ms: number) => view.mayPredatePurge(stored, clock.atMs + ms);
    expect([1_000, 1_001].map(mayPredate)).toEqual([true, false]);
  }
});

it.each([
  { id: "the stamp of a lost entry", stamp: stampAt("9-9"), mayPredate: true },
  { id: "no stamp", stamp: "none" as const, mayPredate: false },
])("rule 29: content may be older than a lost purge: with $id, $mayPredate", async (row) => {
  const { isolate, stored } = await warm();
  const record = { ...stored, stamp: row.stamp };
  expect(isolate.view.mayPredatePurge(record, isolate.clock.atMs + 60_000)).toBe(row.mayPredate);
});

describe("rule 28 d: a stamp for setting", () => {
  it("is at or after each purge on the primary, although replicas lag", async () => {
    const { isolate } = await warm();
    const { journal, view } = isolate;
    const position = journal.write(red());
    journal.replicaLagMs = 60_000;
    expect(await view.stamp(isolate.requester, { onPrimary: true })).toEqual(
      stampAt(position, "red"),
    );
    expect(journal.asked).toEqual(["sinceOnPrimary"]);
  });

  it("is empty if the primary cannot be read", async () => {
    const { isolate } = await warm();
    isolate.journal.down = ["sinceOnPrimary"];
    expect(await isolate.view.stamp(isolate.requester, { onPrimary: true })).toBe("none");
  });

  it.each([undefined, { onPrimary: false }])(
    "reads nothing for an answer of the origin: %j",
    async (how) => {
      const { isolate } = await warm();
      isolate.journal.write(red());
      expect(await isolate.view.stamp(isolate.requester, how)).toMatchObject({ n: "first" });
      expect(isolate.journal.asked).toEqual([]);
    },
  );
});

it("asks the journal once about a position of concurrent readers that may be before the view", async () => {
  const { view, requester, journal } = await warmIsolate();
  const reaches = () => view.reaches({ position: "1-0", n: "before" }, requester);
  expect(new Set(await Promise.all([1, 2, 3].map(reaches)))).toEqual(new Set(["lacks"]));
  expect(journal.asked.filter((name) => name === "standing")).toHaveLength(1);
});

describe("rule 24 e: the switch", () => {
  const switched = { post: "p", replaces: "", bypass: true };

  it("applies in the isolate that accepted the post, even before its first view", () => {
    const { view, clock } = new Isolate();
    expect(view.bypasses("articles")).toBe(false);
    view.tail.apply([entryAt(`${clock.atMs}-0`, { switched })]);
    expect(view.bypasses("articles")).toBe(true);
  });
});
