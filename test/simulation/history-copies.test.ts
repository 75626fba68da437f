// The promise over random histories in which views are copied within a colo, and cold views begin
// with the newest entry (rules 14, 15 and 27); and that each fault planted there shows. A failure
// names its seed.
import { describe, expect, it } from "vitest";
import type { EntryPlace } from "../../src/purge/journal/entry.ts";
import { type KnownView, ViewCopy } from "../../src/purge/view/view-copies.ts";
import {
  itemsOf,
  partsWithCopies,
  SimulatedCopies,
} from "../../testing/simulation/simulated-copies.ts";
import { historyOf } from "../../testing/simulation/history.ts";

const seedsPerRow = 75;

describe("with copies nothing is usable more than N + max(0, ε + L − A) after its purge", () => {
  it.each([1, 2, 3, 4])("in seventy-five histories: %i", async (row) => {
    const broken: string[] = [];
    let usableCount = 0;
    const { parts, takenCount } = partsWithCopies();
    for (let at = 0; at < seedsPerRow; at += 1) {
      const seed = row * 10_000 + at;
      const { violations, usableCount: usable } = await historyOf(seed, { parts });
      if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
      usableCount += usable;
    }
    expect(broken).toEqual([]);
    expect(usableCount).toBeGreaterThan(10);
    // Copies that nobody takes keep the promise too.
    expect(takenCount()).toBeGreaterThan(seedsPerRow);
  });

  it("also where clocks are set back", async () => {
    const broken: string[] = [];
    for (let seed = 0; seed < 50; seed += 1) {
      const { parts } = partsWithCopies();
      const { violations } = await historyOf(seed, { parts, kind: "turned-back" });
      if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
    }
    expect(broken).toEqual([]);
  });

  it("and a seed gives one history", async () => {
    const judged = async () => (await historyOf(7, { parts: partsWithCopies().parts })).usableCount;
    expect(await judged()).toBe(await judged());
  });
});

/** As old as the copying, not as the read. */
class DatedWhenCopied extends SimulatedCopies {
  protected override copyOf(view: KnownView): ViewCopy {
    return super.copyOf({ ...view, sentAtMs: this.isolate.nowAtMs() });
  }
}

/** As old as its being found. */
class DatedWhenFound extends SimulatedCopies {
  override async read(): Promise<ViewCopy | undefined> {
    const copy = await super.read();
    return (
      copy && new ViewCopy(this.isolate.nowAtMs(), itemsOf(copy.entries() ?? []), copy.switched)
    );
  }
}

/** Taken whether or not it holds the view's own last entry. */
class Unjoined extends SimulatedCopies {
  override async read(): Promise<ViewCopy | undefined> {
    const copy = await super.read();
    const entries = copy?.entries() ?? [];
    if (copy === undefined) return undefined;
    return Object.assign(new ViewCopy(copy.sentAtMs, itemsOf(entries), copy.switched), {
      entriesAfter: ({ position }: EntryPlace) => {
        const at = entries.findIndex((entry) => entry.position === position);
        return entries.slice(at + 1);
      },
    });
  }
}

/** Leaves an entry out. */
class Skipping extends SimulatedCopies {
  protected override copyOf({ entries, sentAtMs }: KnownView): ViewCopy {
    return super.copyOf({
      entries: entries.filter((_, at) => at !== entries.length - 2),
      sentAtMs,
    });
  }
}

/** How many histories one fault may take to show. */
const seedCountMax = 1_000;

describe("a fault that is planted shows", () => {
  it.each<{
    id: string;
    rule: string;
    faults: Parameters<typeof partsWithCopies>[0];
    /** Just before some that show it. */
    fromSeed?: number;
  }>([
    {
      id: "dated when it was copied",
      rule: "14",
      faults: { Copies: DatedWhenCopied },
      fromSeed: 1_251,
    },
    { id: "dated when it was found", rule: "14", faults: { Copies: DatedWhenFound } },
    { id: "taken without the joint", rule: "14", faults: { Copies: Unjoined }, fromSeed: 789 },
    { id: "an entry left out", rule: "14", faults: { Copies: Skipping }, fromSeed: 440 },
  ])("$id (rule $rule)", async ({ faults, fromSeed = 1 }) => {
    const { parts } = partsWithCopies(faults);
    let seed = fromSeed;
    const isFound = async () => (await historyOf(seed, { parts })).violations.length > 0;
    while (seed < fromSeed + seedCountMax && !(await isFound())) seed += 1;
    expect(seed).toBeLessThan(fromSeed + seedCountMax);
  });
});
