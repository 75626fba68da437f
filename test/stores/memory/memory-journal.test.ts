// Tests the journal of one process. Scenarios of pages and data test it below a view.
import { describe, expect, it } from "vitest";
import { MemoryJournal, MemorySubscribers } from "../../../src/stores/memory/memory-journal.ts";
import { chainEntriesMax } from "../../../src/purge/journal/journal.ts";
import type { EntryId } from "../../../src/purge/journal/entry.ts";
import { releaseTags } from "../../../src/purge/journal/purge-target.ts";
import { postEntry } from "../../../src/purge/journal/switch.ts";
import { newEntry, responseWith } from "../../../testing/examples/purges.ts";
import { verified } from "../../purge/journal/contract/open-store.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";

const nowhere: EntryId = { position: "1-1", n: "n 1 another-process" };

function opened(namedMax?: number) {
  const clock = new FakeClock();
  const journal = new MemoryJournal(clock.nowAtMs, namedMax);
  const purge = async (...tags: string[]) => {
    const { places = [] } = (await journal.append([newEntry({ tags })])) as {
      places?: readonly EntryId[];
    };
    return places[0] ?? nowhere;
  };
  const placesIn = (read: object) =>
    ((read as { entries?: readonly EntryId[] }).entries ?? []).map(({ position, n }) => ({
      position,
      n,
    }));
  return { clock, journal, purge, placesIn };
}

describe("a read", () => {
  it("joins at a place of this journal only", async () => {
    const { journal, purge, placesIn } = opened();
    const [first, second] = [await purge("tag:a"), await purge("tag:b")];
    expect(placesIn(await journal.since(first))).toEqual([second]);
    expect(await journal.since({ ...first, n: second.n })).toEqual({ kind: "not-joined" });
    expect(await journal.since(nowhere)).toEqual({ kind: "not-joined" });
    expect(await journal.atPrimary(nowhere)).toMatchObject({ isLost: true });
  });

  it("of trimmed entries says so", async () => {
    const { journal, purge } = opened();
    const first = await purge("tag:a");
    for (let nth = 0; nth < chainEntriesMax; nth += 1) await purge("tag:b");
    expect(await journal.since(first)).toEqual({ kind: "not-joined" });
    expect(await journal.atPrimary(first)).toMatchObject({ isLost: false });
    expect(await journal.standing([first, nowhere])).toMatchObject({ states: ["trimmed", "gone"] });
  });

  it("has the newest release, also after its entry was trimmed", async () => {
    const { journal, purge } = opened();
    await purge(...releaseTags("b"));
    const { position } = await purge(...releaseTags("a"));
    for (let nth = 0; nth < chainEntriesMax; nth += 1) await purge("tag:b");
    expect(await journal.newest()).toMatchObject({ released: { id: "a", position } });
  });

  it("for operators follows the order of acceptance, although the clock was set back", async () => {
    const { clock, journal, purge, placesIn } = opened();
    const first = await purge("tag:a");
    clock.advance(-60);
    const second = await purge("tag:b");
    expect(placesIn({ entries: await journal.after(first.position, 9) })).toEqual([second]);
    expect(await journal.after("0", 9)).toHaveLength(3);
    expect(placesIn({ entries: await journal.newestFirst(2) })).toEqual([second, first]);
  });
});

describe("epochs", () => {
  const at = (stamp: EntryId, tag: string) => responseWith({ tags: [tag], stamp });

  it("show whether a later entry covers a record, also beyond the entries kept", async () => {
    const { journal, purge } = opened();
    const stamp = await purge("tag:red");
    const after = await purge("tag:red");
    for (let nth = 0; nth < chainEntriesMax; nth += 1) await purge("tag:b");
    const records = [at(stamp, "red"), at(stamp, "green"), at(after, "red"), at(nowhere, "green")];
    expect(await verified(journal, records)).toEqual([false, true, true, false]);
  });

  it("of a former process verify nothing", async () => {
    const [before, after] = [opened(), opened()];
    const stamp = await before.purge("tag:a");
    for (let nth = 0; nth < 3; nth += 1) await after.purge("tag:b");
    expect(await verified(after.journal, [at(stamp, "green")])).toEqual([false]);
  });

  it("verify no record from before the oldest names", async () => {
    const { journal, purge } = opened(63);
    const [stamp, later] = [await purge("tag:a"), await purge("tag:a")];
    for (let nth = 0; nth < 60; nth += 1) await purge("tag:b");
    const between = await purge("tag:a");
    const records = () => [at(stamp, "green"), at(later, "green"), at(between, "green")];
    expect(await verified(journal, records())).toEqual([true, true, true]);
    for (let nth = 0; nth < 63; nth += 1) await purge("tag:b");
    expect(await verified(journal, records())).toEqual([false, false, true]);
  });
});

it("a post of the switch succeeds only if it names the last one", async () => {
  const { journal } = opened();
  const entry = (post: string, replaces: string) =>
    postEntry(`n-${post}`, { post, replaces, bypass: true }, { by: "admin", reason: "" });
  expect(await journal.post(entry("1-a", ""))).toMatchObject({ kind: "posted" });
  expect(await journal.post(entry("2-b", ""))).toMatchObject({
    kind: "overtaken",
    current: { post: "1-a" },
  });
  expect(await journal.post(entry("2-b", "1-a"))).toMatchObject({ kind: "posted" });
  expect(await journal.readSwitch()).toMatchObject({ state: { post: "2-b" } });
  expect(await journal.newest()).toMatchObject({ switched: { post: "2-b" } });
});

it("the state of a subscriber is replaced only in the version that the caller has read", async () => {
  const subscribers = new MemorySubscribers(() => 0);
  expect(await subscribers.replace("a", "", "1")).toEqual({ kind: "replaced", version: "1" });
  expect(await subscribers.replace("a", "", "2")).toEqual({ kind: "overtaken" });
  expect(await subscribers.replace("a", "", "1")).toEqual({ kind: "replaced", version: "1" });
  expect(await subscribers.replace("a", "1", "2")).toEqual({ kind: "replaced", version: "2" });
  const states = [
    { version: "2", text: "2" },
    { version: "", text: undefined },
  ];
  expect(await subscribers.read(["a", "b"])).toEqual({ kind: "read", states, atMs: 0 });
});
