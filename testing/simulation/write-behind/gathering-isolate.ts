// An isolate of a history: it gathers changes with the code of src/, and records their outcomes.
import type { Outcome } from "../../../src/write-behind/change-batch.ts";
import { ChangeBatches } from "../../../src/write-behind/change-batches.ts";
import type { SliceStore } from "../../../src/write-behind/change-slices.ts";
import { type SliceTimes, usualTimes } from "../../../src/write-behind/slice-times.ts";
import type { Subject } from "./behind-subject.ts";
import type { PartiesWorld, Party } from "./parties-world.ts";

interface Call<Change> {
  readonly change: Change;
  /** Absent for a call that was not awaited, or has not settled. */
  outcome?: Outcome;
}

interface IsolateSettings<Change extends { readonly key: string }, Value> {
  readonly world: PartiesWorld;
  readonly subject: Subject<Change, Value>;
  readonly party: Party;
  readonly store: Pick<SliceStore<Change>, "accept">;
  /** The probability that background work never begins; 0 to 1. */
  readonly cutOff: number;
  readonly times?: SliceTimes;
}

export class GatheringIsolate<Change extends { readonly key: string }, Value> {
  readonly party: Party;
  readonly #settings: IsolateSettings<Change, Value>;
  readonly #gathering: ChangeBatches<Change>;
  readonly #calls: Call<Change>[] = [];
  #sequence = 0;
  #toldCount = 0;
  #notAcceptedCount = 0;

  constructor(settings: IsolateSettings<Change, Value>) {
    const { world, subject, party, store, cutOff, times = usualTimes } = settings;
    this.#settings = settings;
    this.party = party;
    let batchCount = 0;
    this.#gathering = new ChangeBatches({
      store,
      hasNeverConnected: () => false,
      kind: subject.kind,
      times,
      nowAtMs: () => this.#nowAtMs,
      randomText: () => `${party.name} ${(batchCount += 1)}`,
      afterAnswer: (work) => void (world.isLucky(cutOff) || work()),
      onOutcome: ({ kind }, callCount) => {
        this.#toldCount += callCount;
        if (kind !== "accepted") this.#notAcceptedCount += callCount;
      },
      onTime: () => undefined,
      onBacklog: () => undefined,
    });
  }

  get #nowAtMs(): number {
    return this.#settings.world.atMs + this.party.aheadMs;
  }

  change(key: string, options: { isRemoval: boolean; isDurable: boolean }): void {
    const { world, subject } = this.#settings;
    const { isRemoval, isDurable } = options;
    this.#sequence = Math.max(this.#sequence + 1, this.#nowAtMs * 1_000);
    const change = subject.next(key, { isRemoval, sequence: this.#sequence });
    if (change === undefined) return;
    world.tell(() => `${this.party.name}: ${isDurable ? "durable " : ""}${JSON.stringify(change)}`);
    const call: Call<Change> = { change };
    this.#calls.push(call);
    if (!isDurable) return this.#gathering.add(change, 10);
    void this.#wait(call);
  }

  async #wait(call: Call<Change>): Promise<void> {
    const outcome = await this.#gathering.addAndWait(call.change, 10);
    call.outcome = outcome;
    const { name } = this.party;
    this.#settings.world.tell(() => `${name}: ${JSON.stringify(call.change)} is ${outcome.kind}`);
  }

  settle(): Promise<void> {
    return this.#gathering.settle();
  }

  /** @param isSentOnce whether no message arrives twice, so that a refused change must not count */
  violation(isSentOnce: boolean): string | undefined {
    const { name, isAlive } = this.party;
    for (const [at, { change, outcome }] of this.#calls.entries()) {
      const isTaken = this.#settings.subject.isTaken(change);
      if (outcome?.kind === "accepted" && !this.#isTakenSince(at)) {
        return `${name}: ${JSON.stringify(change)} has the outcome accepted, and is missing`;
      }
      if (outcome?.kind === "refused" && isSentOnce && isTaken === true) {
        return `${name}: ${JSON.stringify(change)} has the outcome refused, and counts`;
      }
    }
    if (!isAlive) return undefined;
    const callCount = this.#calls.length;
    if (this.#toldCount !== callCount) {
      return `${name}: ${this.#toldCount} of ${callCount} changes have an outcome`;
    }
    const missing = this.#calls.filter((_, at) => !this.#isTakenSince(at));
    if (missing.length <= this.#notAcceptedCount) return undefined;
    return `${name}: ${missing.length} are missing, and ${this.#notAcceptedCount} not accepted`;
  }

  /** Returns whether the change may be accepted, or a later change of the isolate hides it. */
  #isTakenSince(at: number): boolean {
    const { subject } = this.#settings;
    const { change } = this.#calls[at] as Call<Change>;
    if (subject.isTaken(change) !== false) return true;
    const later = this.#calls.slice(at + 1).filter((call) => call.change.key === change.key);
    return later.some((call) => subject.replaces(call.change));
  }
}
