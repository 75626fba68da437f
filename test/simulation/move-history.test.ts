// Tests the promises of data in random histories of a site that moves its journal between Redis and
// a Durable Object. Replay a history with `npm run bench -- simulation --move --replay <seed>`.
import { describe, expect, it } from "vitest";
import { DualWriteJournal } from "../../src/purge/dual-write-journal.ts";
import type { Journal } from "../../src/purge/journal/journal.ts";
import { shareOf } from "../../testing/histories.ts";
import { writeHistoryOf } from "../../testing/simulation/data/write-history.ts";
import { movingParts } from "../../testing/simulation/simulated-object.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";

/** @returns the first violation, and how often stored values answered */
async function sumOf(kind: WorldKind, count: number, Dual = DualWriteJournal, from = 1) {
  let usableCount = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const options = { kind, setShare: 0.3, isMove: true, parts: movingParts(Dual) };
    const history = await writeHistoryOf(seed, options);
    const [violation] = history.violations;
    if (violation !== undefined) return { violation: `seed ${seed}: ${violation}`, usableCount };
    usableCount += history.usableCount;
  }
  return { violation: undefined, usableCount };
}

describe("while the journal moves, no isolate returns an outdated value for longer than allowed", () => {
  it.each(["ordinary", "failing", "crossing", "trimming"] as const)(
    "in random histories: %s",
    async (kind) => {
      const { violation, usableCount } = await sumOf(kind, shareOf(30));
      expect(violation).toBeUndefined();
      expect(usableCount).toBeGreaterThan(0);
    },
  );
});

/** Appends only to the store that is read. */
class Single extends DualWriteJournal {
  readonly #own: Journal;

  constructor(settings: ConstructorParameters<typeof DualWriteJournal>[0]) {
    super({ ...settings, other: settings.read });
    this.#own = settings.read.journal;
  }

  override append(...given: Parameters<Journal["append"]>) {
    return this.#own.append(...given);
  }

  override appendAndRead(...given: Parameters<Journal["appendAndRead"]>) {
    return this.#own.appendAndRead(...given);
  }
}

/** Accepts a purge that only the store that is read has confirmed. */
class Unconfirmed extends DualWriteJournal {
  readonly #read: Journal;

  constructor(settings: ConstructorParameters<typeof DualWriteJournal>[0]) {
    super(settings);
    this.#read = settings.read.journal;
  }

  override async append(...[entries]: Parameters<Journal["append"]>) {
    const appended = await super.append(entries);
    return appended.kind === "unavailable" ? this.#read.append(entries) : appended;
  }
}

/** Sets values of the shared tier without a purge, as without a move. */
class Comparing extends DualWriteJournal {
  readonly #read: Journal;

  constructor(settings: ConstructorParameters<typeof DualWriteJournal>[0]) {
    super(settings);
    this.#read = settings.read.journal;
  }

  override sinceOnPrimary(...given: Parameters<Journal["sinceOnPrimary"]>) {
    return this.#read.sinceOnPrimary(...given);
  }
}

describe("histories of a move find a fault", () => {
  it.each<{ what: string; Dual: typeof DualWriteJournal; kind: WorldKind; from?: number }>([
    { what: "a purge goes to one store", Dual: Single, kind: "ordinary" },
    { what: "a purge is accepted without the other store", Dual: Unconfirmed, kind: "crossing" },
    {
      what: "a set compares positions of two journals",
      Dual: Comparing,
      kind: "failing",
      from: 100,
    },
  ])("$what", async ({ Dual, kind, from }) => {
    expect((await sumOf(kind, 900, Dual, from)).violation).toMatch(/^seed /);
  });
});
