// Rules 22 and 24 (e, g): a post of the switch whose entry was lost, or seems trimmed, is posted
// again, unless the switch has the post or a newer one.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry } from "../../../src/purge/journal/entry.ts";
import type { PostEntry, PostResult } from "../../../src/purge/journal/switch.ts";
import { ReadBacks } from "../../../src/purge/acceptance/read-backs.ts";
import { maxLagMs, newEntry, warmIsolate } from "../../../testing/examples/purges.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const unavailable = { kind: "unavailable" } as const;

/** Opens an isolate that has accepted a post, which makes all routes bypass the cache. */
async function posted() {
  const isolate = await warmIsolate();
  const { journal, view, clock } = isolate;
  let nth = 0;
  const again: PostEntry[] = [];
  const switching = {
    result: undefined as PostResult | undefined,
    isResultOfFirst: false,
    read: () => Promise.resolve(unavailable),
    post: (entry: PostEntry): Promise<PostResult> => {
      again.push(entry);
      const { result } = switching;
      if (switching.isResultOfFirst) switching.result = undefined;
      if (result !== undefined) return Promise.resolve(result);
      const place = { position: journal.write(entry), n: entry.n };
      return Promise.resolve({ kind: "posted", place });
    },
  };
  const randomText = () => `again ${(nth += 1)}`;
  const settings = {
    journal,
    view,
    randomText,
    nowAtMs: clock.nowAtMs,
    visibleWithinMs: maxLagMs,
    switching,
  };
  const readBacks = new ReadBacks(settings);
  isolate.onOverdue = async (entries) => {
    await readBacks.now(entries);
    if (view.tail.isSwitchLost) await readBacks.keepSwitch();
  };
  const standing = vi.spyOn(journal, "standing");
  const readBack = () => standing.mock.calls.map(([places]) => places.map(({ n }) => n).join(" "));
  clock.advance(0.001);
  const entry = newEntry({ n: "post", switched: { post: "p1", replaces: "", bypass: true } });
  const placed: Entry = { ...entry, position: journal.write(entry) };
  view.tail.apply([placed]);
  const lose = () => journal.stream.loseNewest(1, clock.atMs);
  /** Removes the post's entry from the journal by trimming. */
  const trim = () => {
    Object.assign(journal, { keptCount: 2 });
    for (const n of ["later 1", "later 2"]) journal.write(newEntry({ n }));
  };
  const current = (post: string): PostResult => ({
    kind: "overtaken",
    current: { post, bypass: false, position: placed.position, n: "other" },
  });
  return {
    isolate,
    journal,
    view,
    readBacks,
    placed,
    again,
    switching,
    lose,
    trim,
    current,
    readBack,
  };
}

describe("a lost post", () => {
  it("is posted again with its id and a new n, and is read back 5 s later", async () => {
    const { journal, view, readBacks, placed, again, lose, readBack } = await posted();
    const later = readBacks.later([placed]);
    lose();
    await vi.advanceTimersByTimeAsync(maxLagMs);
    await later;
    expect(again).toMatchObject([{ n: "again 1", switched: { post: "p1", replaces: "" } }]);
    expect(readBack()).toEqual(["post", "again 1"]);
    expect(view.bypasses("")).toBe(true);
    expect(journal.asked).not.toContain("append");
  });

  it("still applies if the switch's key names it", async () => {
    const { view, readBacks, placed, switching, lose, current } = await posted();
    lose();
    switching.result = current("p1");
    expect(await readBacks.now([placed])).toBe(true);
    expect(view.bypasses("")).toBe(true);
  });

  it("no longer applies if the switch's key names a newer post", async () => {
    const { view, readBacks, placed, switching, lose, current } = await posted();
    lose();
    switching.result = current("p2");
    expect(await readBacks.now([placed])).toBe(true);
    expect(view.bypasses("")).toBe(false);
  });

  it("replaces the switch's key if the key names an older post", async () => {
    const { view, readBacks, placed, switching, again, lose, current } = await posted();
    lose();
    switching.result = current("p0");
    switching.isResultOfFirst = true;
    expect(await readBacks.now([placed])).toBe(true);
    const replaced = again.map(({ switched }) => switched.replaces);
    expect(replaced).toEqual(["", "p0"]);
    expect(view.bypasses("")).toBe(true);
  });

  it("is looked for again by the next renewal if the switch is unreachable", async () => {
    const { isolate, view, readBacks, placed, switching, again, lose } = await posted();
    await view.tail.catchUp();
    lose();
    switching.result = unavailable;
    expect(await readBacks.now([placed])).toBe(false);
    await isolate.renew();
    expect(again.map(({ switched }) => switched.post)).toEqual(["p1", "p1"]);
  });
});

it("a post that is standing is not posted again", async () => {
  const { readBacks, placed, again } = await posted();
  expect(await readBacks.now([placed])).toBe(true);
  expect(again).toEqual([]);
});

it("a post that seems trimmed is read back no more once the switch's key names it", async () => {
  const { isolate, view, readBacks, placed, switching, again, trim, current, readBack } =
    await posted();
  await view.tail.catchUp();
  trim();
  switching.result = current("p1");
  await readBacks.now([placed]);
  expect(again.length).toBe(1);
  await isolate.renew();
  expect(readBack()).toEqual(["post"]);
});

it("a trimmed purge is not posted", async () => {
  const { isolate, journal, readBacks, again, trim } = await posted();
  const purge = newEntry({ n: "purge", tags: ["tag:red"] });
  const placed: Entry = { ...purge, position: journal.write(purge) };
  isolate.clock.advance(1);
  trim();
  await readBacks.now([placed]);
  expect([again, journal.asked.includes("append")]).toEqual([[], false]);
});
