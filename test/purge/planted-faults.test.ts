// Do the histories find what they are for? Each rule broken on purpose has to show in one of them.
import { describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../src/http/stored-response.ts";
import type { Entry, EntryPlace } from "../../src/purge/entry.ts";
import type { JournalRead, Unavailable } from "../../src/purge/journal.ts";
import { JournalView } from "../../src/purge/journal-view.ts";
import type { JudgementAsk, PurgeJudgement } from "../../src/purge/view.ts";
import { comparePositions } from "../fakes/simulated-stream.ts";
import { SimulatedJournal } from "../fakes/journal-simulator.ts";
import { type Parts, soundParts } from "../fakes/simulated-isolate.ts";
import { historyOf } from "./history.ts";

/** The clock is read when the answer is there, not before it is asked for. */
class SentLate extends SimulatedJournal {
  override async newest() {
    return this.#dated(await super.newest());
  }

  override async since(place: EntryPlace) {
    return this.#dated(await super.since(place));
  }

  #dated<T extends { kind: string }>(read: T): T {
    return read.kind === "read" ? { ...read, sentAtMs: this.nowAtMs() } : read;
  }
}

/** Reads what is newer, whether or not the entry before it is there. */
class Unjoined extends SimulatedJournal {
  override async since({ position }: EntryPlace): Promise<JournalRead | Unavailable> {
    const read = await super.newest();
    if (read.kind !== "read") return read;
    const isNewer = (entry: Entry) => comparePositions(entry.position, position) > 0;
    return { ...read, entries: read.entries.filter(isNewer) };
  }
}

/** A join by the ID alone, which may have been minted anew. */
class JoinedByIdAlone extends SimulatedJournal {
  protected override pageFrom(place: EntryPlace): Entry[] {
    const [joint, ...read] = super.pageFrom(place);
    if (joint?.position !== place.position) return [];
    return [{ ...joint, n: place.n }, ...read];
  }
}

/** A loss that somebody has noticed and tells nobody. */
class Unmarked extends SimulatedJournal {
  override async appendMark(lost: string): Promise<JournalRead | Unavailable> {
    if (lost === "") return super.appendMark(lost);
    return this.atPrimary(lost);
  }
}

/** Sees a loss only where the newest entries show it. */
class BlindToOlder extends SimulatedJournal {
  override async atPrimary(position: string) {
    const read = await super.atPrimary(position);
    if (read.kind !== "read") return read;
    return {
      ...read,
      upTo: read.entries.findLast(({ position: at }) => comparePositions(at, position) <= 0),
    };
  }
}

class Unbounded extends JournalView {
  override judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
    return super.judge(stored, { ...ask, maxLagMs: Infinity });
  }
}

/** The newest entry alone says whether a response may be used stale. */
class SoftHidesHard extends JournalView {
  override judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
    const judged = super.judge(stored, ask);
    const covering = this.chain?.entries.findLast(({ targets }) =>
      targets.tags.includes(`tag:${stored.tags[0]}`),
    );
    const isHidden = judged.kind === "purged" && covering?.mode === "soft";
    return isHidden ? { kind: "purged", mode: "soft", sinceAtMs: 0 } : judged;
  }
}

/** Takes responses whose stamp it has never heard of for new ones. */
class TrustsUnknown extends JournalView {
  override judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
    const isKnown = this.chain?.knows(stored.stamp) ?? false;
    const isCurrent = ask.atMs - this.sentAtMs < ask.maxLagMs - 1_000;
    return !isKnown && isCurrent ? { kind: "usable" } : super.judge(stored, ask);
  }
}

const withJournal = (Journal: typeof SimulatedJournal): Partial<Parts> => ({
  journal: (world, nowAtMs) => new Journal(world, nowAtMs),
});
const withView = (View: typeof JournalView): Partial<Parts> => ({
  view: (settings) => new View(settings),
});

/** How many histories one fault may take to show. */
const seedCountMax = 1_000;

describe("a fault that is planted shows", () => {
  it.each<{ id: string; rule: string; parts: Partial<Parts>; fromSeed?: number }>([
    { id: "stamped after the answer", rule: "1", parts: { stampedWhen: "after the answer" } },
    { id: "a soft purge hides a hard one", rule: "5", parts: withView(SoftHidesHard) },
    { id: "unknown stamps are trusted", rule: "6", parts: withView(TrustsUnknown) },
    { id: "no bound", rule: "7", parts: withView(Unbounded) },
    { id: "the clock read after the journal", rule: "11", parts: withJournal(SentLate) },
    { id: "no join", rule: "11", parts: withJournal(Unjoined) },
    { id: "a join by ID alone", rule: "11", parts: withJournal(JoinedByIdAlone), fromSeed: 700 },
    { id: "no mark", rule: "17", parts: withJournal(Unmarked) },
    { id: "older entries overlooked", rule: "17", parts: withJournal(BlindToOlder), fromSeed: 200 },
  ])("$id (rule $rule)", async ({ parts, fromSeed = 1 }) => {
    let seed = fromSeed;
    const isFound = async () => {
      const { violations } = await historyOf(seed, { ...soundParts, ...parts });
      return violations.length > 0;
    };
    while (!(await isFound()) && seed < fromSeed + seedCountMax) seed += 1;
    expect(seed).toBeLessThan(fromSeed + seedCountMax);
  });
});
