// Isolates of one colo over one journal: each has its own view, and all share the colo's cache.
import "../../../testing/fakes/workers-globals.ts";
import type { ColoHintsSettings } from "../../../src/purge/view/colo-hints.ts";
import { ClockSteps } from "../../../src/purge/view/clock-steps.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import { ViewCopies, type ViewCopiesSettings } from "../../../src/purge/view/view-copies.ts";
import { allowanceMs, Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeJournal } from "../../../testing/fakes/fake-journal.ts";

export const host = "www.example.com";

export class Colo {
  readonly clock = new FakeClock();
  readonly journal = new FakeJournal(this.clock);
  readonly cache = new FakeCache(this.clock);
  #isolateCount = 0;

  copies(changes: Partial<ViewCopiesSettings> = {}): ViewCopies {
    this.#isolateCount += 1;
    return new ViewCopies({
      cache: () => this.cache,
      journal: "https://database.invalid site",
      claimant: `isolate-${this.#isolateCount}`,
      nowAtMs: this.clock.nowAtMs,
      allowanceMs,
      keepMs: 60_000,
      ...changes,
    });
  }

  isolate(changes: Changes = {}): IsolateInColo {
    return new IsolateInColo(this, changes);
  }
}

interface Changes extends Partial<ViewCopiesSettings> {
  readonly random?: () => number;
  /** N. Default: `maxLagMs` of the examples. */
  readonly lagMs?: number;
  readonly hints?: Pick<ColoHintsSettings, "listen" | "pauseMs">;
}

/** An isolate whose requests have a host, so that its view shares the colo's copies. */
export class IsolateInColo extends Isolate {
  override readonly view: JournalView;

  constructor(colo: Colo, changes: Changes) {
    super(colo);
    const { random, hints, lagMs = maxLagMs, ...copiesChanges } = changes;
    const copies = colo.copies(copiesChanges);
    const { journal, clock } = colo;
    const { nowAtMs = clock.nowAtMs } = copiesChanges;
    const times = { renewalLagMs: lagMs, allowanceMs, timeoutMs: 2_000, nowAtMs };
    this.view = new JournalView({
      ...times,
      journal,
      copies,
      hints: hints && { ...hints, copies },
      clock: new ClockSteps(allowanceMs),
      ...(random && { random }),
    });
  }

  override get requester() {
    return { ...super.requester, host };
  }
}

/** Creates a colo: `reader` has read a journal of one entry, and `other` has taken its copy. */
export async function informed() {
  const colo = new Colo();
  const first = colo.journal.write(newEntry({ n: "first" }));
  const reader = colo.isolate();
  await reader.filled();
  await reader.settle();
  const readAtMs = colo.clock.atMs;
  const other = colo.isolate();
  await other.filled();
  await other.settle();
  colo.journal.asked.length = 0;
  const { clock, journal, cache } = colo;
  return { colo, reader, other, readAtMs, first, clock, journal, cache };
}

/** Sends a request, and waits for all its work. */
export async function asked(isolate: IsolateInColo): Promise<void> {
  await isolate.view.renewIfDue(isolate.requester)?.();
  await isolate.settle();
}
