// Rule 24: an isolate that accepts a post of the switch. Also what every acceptance does: it tells
// listeners, and notices that the clock was set back (rule 10).
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Acceptances } from "../../../src/purge/acceptance/acceptance.ts";
import { type Entry, encodeEntry } from "../../../src/purge/journal/entry.ts";
import type { HeldSwitch, PostEntry, Switch } from "../../../src/purge/journal/switch.ts";
import type { Bypass } from "../../../src/purge/journal/switch-state.ts";
import { maxLagMs, orderOf, warmIsolate } from "../../../testing/examples/purges.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Creates an isolate with a switch, whose key names the post `old`. */
async function opened() {
  const isolate = await warmIsolate();
  const { journal, view, clock } = isolate;
  const before = await isolate.filled();
  const held: { -readonly [Member in keyof HeldSwitch]: HeldSwitch[Member] } = {
    kind: "read",
    state: { post: "old", position: "0-1", n: "old", bypass: false },
  };
  const posts: PostEntry[] = [];
  const switching: Switch = {
    read: async () => held,
    post: async (entry) => {
      posts.push(entry);
      return { kind: "posted", place: { position: journal.write(entry), n: entry.n } };
    },
  };
  let nth = 0;
  const randomText = () => `random ${(nth += 1)}`;
  const { nowAtMs } = clock;
  const acceptances = new Acceptances({
    journal,
    view,
    nowAtMs,
    visibleWithinMs: maxLagMs,
    randomText,
    switching,
  });
  const post = (bypass: Bypass, reason = "") =>
    acceptances.post({ bypass, by: "operator", reason }, isolate.requester);
  return { isolate, journal, view, clock, before, held, posts, acceptances, post };
}

const red = orderOf(["tag:red"]);
type Opened = Awaited<ReturnType<typeof opened>>;

/** The calls that accept an entry. */
const calls = [
  {
    id: "purge",
    accept: ({ acceptances, isolate }: Opened) => acceptances.accept(red, isolate.requester),
  },
  {
    id: "purge of a write",
    accept: ({ acceptances, isolate, before }: Opened) =>
      acceptances.acceptAfter(red, before.stamp, isolate.requester),
  },
  { id: "post", accept: ({ post }: Opened) => post(["articles"]) },
];

describe.each(calls)("a $id", ({ accept }) => {
  it("tells each listener of its entries", async () => {
    const all = await opened();
    const heard: [string, readonly Entry[]][] = [];
    all.acceptances.listen((entries) => void heard.push(["one", entries]));
    all.acceptances.listen((entries) => void heard.push(["other", entries]));
    await accept(all);
    const entries = await all.journal.newestFirst(1);
    expect(heard).toEqual([
      ["one", entries],
      ["other", entries],
    ]);
  });

  it("shows that the clock was set back, so that an old view does not look new later", async () => {
    const all = await opened();
    const { isolate, clock, journal } = all;
    const blue = await isolate.filled({ tags: ["blue"] });
    journal.down = ["since", "append", "appendAndRead"];
    clock.advance(-60);
    await accept(all);
    clock.advance(60);
    expect(isolate.judge(blue)).toBe("unverified");
  });
});

describe("a post", () => {
  it("applies in its isolate at once, and replaces the post that the key names", async () => {
    const { journal, view, posts, post } = await opened();
    journal.down = ["since"];
    const posted = await post(["articles"], "maintenance");
    expect([view.bypasses("articles"), view.bypasses("news")]).toEqual([true, false]);
    const [entry] = posts;
    expect(entry).toMatchObject({
      by: "operator",
      reason: "maintenance",
      targets: { tags: [], prefixes: [] },
      switched: { replaces: "old", bypass: ["articles"] },
    });
    const { post: name = "" } = entry?.switched ?? {};
    expect(posted).toMatchObject({ kind: "posted", state: { post: name, n: entry?.n } });
  });

  it.each([
    { id: "the clock", known: "1-a", dated: (atMs: number) => atMs },
    { id: "the post that the key has", known: "2000000000000-a", dated: () => 2_000_000_000_001 },
  ])("has an id that is later than $id", async ({ known, dated }) => {
    const { clock, held, posts, post } = await opened();
    held.state = { post: known, bypass: false, position: "1-0", n: "n" };
    await post(true);
    await post(false);
    const [first, second] = posts.map(({ switched }) => switched.post);
    const atMs = dated(clock.atMs);
    expect([first, second]).toEqual([`${atMs}-random 1`, `${atMs + 1}-random 3`]);
  });

  it("is read back, and posted again if its entry was lost", async () => {
    const { isolate, journal, posts, post } = await opened();
    await post(true);
    journal.stream.loseNewest(1, isolate.clock.atMs);
    await vi.advanceTimersByTimeAsync(maxLagMs / 2);
    const [first, again] = posts;
    expect(again?.switched.post).toBe(first?.switched.post);
  });

  it("is refused if its entry has over 8 KiB, and changes nothing", async () => {
    const { view, posts, post } = await opened();
    await post([""]);
    const fields = posts.map((entry) => Object.entries(encodeEntry(entry)).flat().join(""));
    const name = "a".repeat(8_192 - (fields[0]?.length ?? 0));
    expect((await post([name])).kind).toBe("posted");
    expect(await post([`${name}a`])).toEqual({ kind: "too-large" });
    expect(await post([`${name.slice(2)}é`])).toMatchObject({ kind: "posted" });
    expect(await post([`${name.slice(1)}é`])).toEqual({ kind: "too-large" });
    expect([posts.length, view.bypasses(`${name}a`)]).toEqual([3, false]);
  });
});
