// Tests the bound of the purge protocol (docs/internals/purge-protocol.md) in random histories of lag, loss,
// restored backups, trimming and different clocks. A failure names the history's seed. Replay the
// history with `npm run bench -- simulation --replay <seed>`.
import { describe, expect, it } from "vitest";
import { JournalView, type JournalViewSettings } from "../../src/purge/view/journal-view.ts";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { firstBroken, sumOf } from "../../testing/simulation/seeds.ts";
import { playsAll, shareOf } from "../../testing/histories.ts";

describe("no purged response answers later than N + max(0, ε + L − A) after its purge", () => {
  it.each([10_000, 20_000, 30_000, 40_000])("in histories from seed %i on", async (from) => {
    const { broken, usableCount } = await sumOf({ from, count: shareOf(150) }, historyOf);
    expect(broken).toEqual([]);
    // A view that lets no response answer would pass, too.
    expect(usableCount).toBeGreaterThan(playsAll ? 25 : 0);
  });

  it.each([
    ["crowded", 5],
    ["failing", 250],
    ["trimming", 75],
    ["gapped", 150],
    ["diverging", 75],
    ["overrun", 75],
    ["turned-back", 75],
    ["resending", 75],
  ] as const)("in histories of views: %s", async (kind, count) => {
    const run = (seed: number) => historyOf(seed, { kind });
    expect((await sumOf({ count: shareOf(count) }, run)).broken).toEqual([]);
  });

  it.each(["ordinary", "failing", "trimming", "turned-back"] as const)(
    "and none answers a reader that sends the position of its purge: %s",
    async (kind) => {
      let withheldCount = 0;
      const run = async (seed: number) => {
        const history = await historyOf(seed, { kind, sendsPositions: true });
        withheldCount += history.withheldCount ?? 0;
        return history;
      };
      expect((await sumOf({ from: 51_000, count: shareOf(75) }, run)).broken).toEqual([]);
      expect(withheldCount).toBeGreaterThan(shareOf(400));
    },
  );

  it("finds a view that takes the purge of each position for read", async () => {
    const view = (settings: JournalViewSettings) =>
      new (class extends JournalView {
        override reaches = async () => "reached" as const;
      })(settings);
    const play = (parts: object) => (seed: number) =>
      historyOf(seed, { sendsPositions: true, parts });
    expect(await firstBroken({ from: 1, count: 10 }, play({ view }), play({}))).toBeDefined();
  });

  it.each(["ordinary", "crossing", "trimming", "turned-back"] as const)(
    "in histories of requests, four in five of which warm a page: %s",
    async (kind) => {
      let warmedCount = 0;
      const warming = async (seed: number) => {
        const history = await requestHistoryOf(seed, { kind, warmShare: 0.8 });
        warmedCount += history.warmedCount;
        return history;
      };
      const { broken, usableCount } = await sumOf({ from: 100, count: shareOf(10) }, warming);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(100));
      expect(warmedCount).toBeGreaterThan(shareOf(10));
    },
  );

  it.each(["ordinary", "crossing", "lying", "trimming", "turned-back", "cached"] as const)(
    "in histories of requests: %s",
    async (kind) => {
      const requests = (seed: number) => requestHistoryOf(seed, { kind });
      // One history alone may have few stored answers.
      const { broken, usableCount } = await sumOf({ from: 100, count: shareOf(20) }, requests);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(100));
    },
  );

  // An origin that lies, or a cache before it, may tell the older release that a purged body is current.
  it.each(["ordinary", "crossing", "trimming", "turned-back"] as const)(
    "in histories of requests to two releases, of which one adds the tag that purges name: %s",
    async (kind) => {
      const requests = (seed: number) => requestHistoryOf(seed, { kind, hasReleases: true });
      const { broken, usableCount } = await sumOf({ from: 100, count: shareOf(20) }, requests);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(100));
    },
  );

  it.each(["ordinary", "crossing", "trimming", "turned-back"] as const)(
    "in histories of requests for pages that a handler makes of values, without a tag: %s",
    async (kind) => {
      const requests = (seed: number) => requestHistoryOf(seed, { kind, hasValues: true });
      const { broken, usableCount } = await sumOf({ from: 100, count: shareOf(20) }, requests);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(100));
    },
  );
});

describe("the same seed", () => {
  it.each([
    { id: "of views", run: historyOf },
    { id: "of requests", run: requestHistoryOf },
  ])("gives the same history $id", async ({ run }) => {
    const told = async () => {
      const lines: string[] = [];
      await run(7, { tell: (line) => void lines.push(line) });
      return lines;
    };
    const first = await told();
    expect(first.length).toBeGreaterThan(20);
    expect(await told()).toEqual(first);
  });
});
