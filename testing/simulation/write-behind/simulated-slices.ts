// The slices of a set in simulated Redis. Like a script, each command runs in one step, unless a
// fault is planted. After a fail-over, the state is an earlier one, and the clock may be behind.
import type { RemoteAnswer } from "../../../src/remote/remote-client.ts";
import type { ChangeKind } from "../../../src/write-behind/change-kind.ts";
import {
  type Acceptance,
  type Backlog,
  type Batch,
  compareBytes,
  type RestedSlice,
  type SetTime,
  type SliceChanges,
  type SliceRead,
  type SliceStore,
} from "../../../src/write-behind/change-slices.ts";
import {
  ageMsOf,
  fallMsMax,
  sliceAt,
  type SliceTimes,
  usualTimes,
} from "../../../src/write-behind/slice-times.ts";
import type { Mark } from "../../../src/write-behind/sinks/sink.ts";
import type { Ledger, Moment } from "./ledger.ts";
import type { PartiesWorld, Party } from "./parties-world.ts";

/** Faults that omit or change a step. */
export interface StoreFaults {
  readonly times?: Partial<SliceTimes>;
  /** Whether repeated batches are treated as new. */
  readonly forgetsBatches?: boolean;
  /** Whether late batches are accepted. */
  readonly acceptsLate?: boolean;
  /** Whether early batches are accepted. */
  readonly acceptsEarly?: boolean;
  /** Whether the newest rested slice is taken first. */
  readonly takesNewest?: boolean;
  /** Whether the change that arrives last in a slice replaces the others of its key. */
  readonly ordersByArrival?: boolean;
  /** The lag of the replica that answers flushers. */
  readonly flushesLateByMs?: number;
  /** The lag of the replica that answers readers. */
  readonly readsLateByMs?: number;
  /** Whether one command stores the id of a batch, and another command its changes. */
  readonly acceptsApart?: boolean;
  /** Whether the set's time is the clock of Redis, and falls back with it. */
  readonly timeFallsBack?: boolean;
  /** Whether waiting slices before a restored mark keep their numbers. */
  readonly keepsBeforeMarks?: boolean;
}

interface State {
  readonly slices: ReadonlyMap<number, ReadonlyMap<string, unknown>>;
  /** When the id of each batch expires, by the set's time. */
  readonly seen: ReadonlyMap<string, number>;
  /** The latest set's time that was kept, and its lead over the server's clock. */
  readonly latestMs: number;
  readonly leadMs: number;
}

interface Past {
  readonly atMs: number;
  readonly state: State;
  readonly moment: Moment;
}

const pastsMax = 60;

interface SlicesSettings<Change extends { readonly key: string }, Value> {
  readonly world: PartiesWorld;
  readonly kind: Pick<ChangeKind<Change, Value>, "joined">;
  readonly ledger: Ledger<Change, Value>;
  /** Returns whether the application's database has a slice's changes of a key. */
  readonly isKept: (slice: number, key: string) => boolean;
  readonly backlogMax: number;
  /** A chunk has at most a random number of keys, from 1 to this maximum. */
  readonly chunkKeysMax: number;
  readonly faults: StoreFaults;
}

export class SimulatedSlices<Change extends { readonly key: string }, Value> {
  readonly times: SliceTimes;
  readonly #settings: SlicesSettings<Change, Value>;
  #state: State = { slices: new Map(), seen: new Map(), latestMs: -Infinity, leadMs: 0 };
  #pasts: Past[] = [];

  constructor(settings: SlicesSettings<Change, Value>) {
    this.#settings = settings;
    this.times = { ...usualTimes, ...settings.faults.times };
    this.#note();
  }

  get isEmpty(): boolean {
    return this.#state.slices.size === 0;
  }

  portOf(party: Party): SliceStore<Change> {
    const send = async <T>(what: string, run: () => T): Promise<RemoteAnswer<T>> => {
      try {
        return { kind: "answered", value: await this.#settings.world.send(party, what, run) };
      } catch {
        return { kind: "unavailable", cause: "timeout" };
      }
    };
    return {
      accept: async (batch) => {
        if (this.#settings.faults.acceptsApart !== true) {
          return send("accept", () => this.#accept(batch));
        }
        const judged = await send("judge", () => this.#judged(batch) ?? this.#remembered(batch));
        if (judged.kind === "unavailable" || judged.value.kind !== "accepted") return judged;
        return send("fold", () => this.#folded(batch));
      },
      rested: () => send("rested", () => this.#rested()),
      changes: (slice, keys) => send("changes", () => this.#changes(slice, keys)),
      // No sink of a history rejects a row.
      refused: async () => ({ kind: "unavailable", cause: "refused" }),
      passMark: (mark) => send("pass mark", () => this.passMark(mark)),
      drop: (slice) => send("drop", () => this.#drop(slice)),
      read: (keys) => send("read", () => this.#read(keys)),
    };
  }

  #accept(batch: Batch<Change>): Acceptance {
    const judged = this.#judged(batch);
    if (judged !== undefined) return judged;
    this.#remembered(batch);
    return this.#folded(batch);
  }

  /** The set's time. As in the scripts, a fall that is too far is kept at once. */
  #time(): SetTime {
    const { world, faults } = this.#settings;
    if (faults.timeFallsBack === true) return { atMs: world.serverAtMs, leadMs: 0 };
    const { latestMs, leadMs } = this.#state;
    const passedMs = world.serverAtMs + leadMs - latestMs;
    if (passedMs < -fallMsMax) {
      const grown = leadMs - passedMs;
      this.#state = { ...this.#state, leadMs: grown };
      return { atMs: world.serverAtMs + grown, leadMs: grown };
    }
    const left = leadMs - Math.min(leadMs, Math.max(0, passedMs / 8));
    return { atMs: world.serverAtMs + left, leadMs: left };
  }

  #keep({ atMs, leadMs }: SetTime): void {
    this.#state = { ...this.#state, latestMs: Math.max(this.#state.latestMs, atMs), leadMs };
  }

  /** The current slice, by the set's time. */
  get slice(): number {
    return sliceAt(this.#time().atMs, this.times);
  }

  has(slice: number): boolean {
    return this.#state.slices.has(slice);
  }

  /** @returns the answer if it is known; `undefined` if the batch must be added to its slice */
  #judged({ id, slice }: Batch<Change>): Acceptance | undefined {
    const { faults, backlogMax } = this.#settings;
    const { sliceMs, lateMs } = this.times;
    const time = this.#time();
    const isKnown =
      (this.#state.seen.get(id) ?? -Infinity) >= time.atMs && faults.forgetsBatches !== true;
    if (isKnown) return this.#accepted;
    const ageMs = ageMsOf(slice, time.atMs, this.times);
    if (ageMs > lateMs && faults.acceptsLate !== true) return { kind: "late", time };
    if (ageMs < -sliceMs - lateMs && faults.acceptsEarly !== true) return { kind: "early", time };
    return this.#backlog().keyCount >= backlogMax ? { kind: "full", time } : undefined;
  }

  #remembered({ id, slice, formerSlice = slice }: Batch<Change>): Acceptance {
    const { seenMs, sliceMs } = this.times;
    const time = this.#time();
    const knownUntilMs = time.atMs + seenMs + Math.max(0, formerSlice - slice) * sliceMs;
    this.#state = { ...this.#state, seen: new Map(this.#state.seen).set(id, knownUntilMs) };
    this.#keep(time);
    return this.#accepted;
  }

  #folded({ slice, changes }: Batch<Change>): Acceptance {
    for (const change of changes) this.#fold(slice, change);
    this.#note();
    return this.#accepted;
  }

  get #accepted(): Acceptance {
    return { kind: "accepted", time: this.#time(), backlog: this.#backlog() };
  }

  #fold(slice: number, change: Change): void {
    const { kind, ledger, faults } = this.#settings;
    const changes = new Map(this.#state.slices.get(slice)) as Map<string, Change>;
    const held = changes.get(change.key);
    const isAlone = held === undefined || faults.ordersByArrival === true;
    changes.set(change.key, isAlone ? change : kind.joined(held, change));
    this.#state = { ...this.#state, slices: new Map(this.#state.slices).set(slice, changes) };
    ledger.accept(slice, change);
  }

  #rested(): RestedSlice | undefined {
    const { faults } = this.#settings;
    const { slices } = this.#stateFor(faults.flushesLateByMs);
    const time = this.#time();
    const isReady = (slice: number) => ageMsOf(slice, time.atMs, this.times) >= this.times.restMs;
    const numbers = [...slices.keys()].sort((a, b) => a - b);
    const slice = faults.takesNewest === true ? numbers.findLast(isReady) : numbers[0];
    if (slice === undefined || !isReady(slice)) return undefined;
    this.#keep(time);
    return { slice, keys: [...(slices.get(slice)?.keys() ?? [])].sort(compareBytes) };
  }

  #changes(slice: number, keys: readonly string[]): SliceChanges<Change> | undefined {
    const held = this.#stateFor(this.#settings.faults.flushesLateByMs).slices.get(slice) as
      | ReadonlyMap<string, Change>
      | undefined;
    if (held === undefined) return undefined;
    const { world, chunkKeysMax } = this.#settings;
    const keyCount = Math.min(keys.length, world.between(1, chunkKeysMax));
    return { keyCount, changes: [...changesOf(held, keys.slice(0, keyCount)).values()] };
  }

  passMark(mark: Mark): number {
    const { faults, ledger, world } = this.#settings;
    const { sliceMs, lateMs, restMs } = this.times;
    const { atMs } = this.#time();
    if (faults.keepsBeforeMarks === true || ageMsOf(mark.slice, atMs, this.times) > lateMs) {
      return 0;
    }
    const { slices } = this.#state;
    const numbers = [...slices.keys()].sort((a, b) => a - b);
    let [last, movedCount] = [mark.slice, 0];
    if (!slices.has(mark.slice)) {
      last = Math.max(mark.slice, ...numbers);
      const moved = new Map<number, ReadonlyMap<string, unknown>>();
      for (const number of numbers) {
        const changes = slices.get(number) ?? new Map();
        last += 1;
        movedCount += changes.size;
        moved.set(last, changes);
        ledger.move(number, last);
      }
      this.#state = { ...this.#state, slices: moved };
    }
    const passedMs = (last + 1) * sliceMs + restMs;
    this.#keep({ atMs: passedMs, leadMs: passedMs - world.serverAtMs });
    this.#note();
    return movedCount;
  }

  #drop(slice: number): Backlog {
    const slices = new Map(this.#state.slices);
    slices.delete(slice);
    this.#state = { ...this.#state, slices };
    this.#note();
    return this.#backlog();
  }

  #read(keys: readonly string[]): SliceRead<Change>[] {
    const { slices } = this.#stateFor(this.#settings.faults.readsLateByMs);
    const inOrder = [...slices].sort(([a], [b]) => a - b);
    return inOrder.map(([slice, held]) => ({
      slice,
      changes: changesOf(held as ReadonlyMap<string, Change>, keys),
    }));
  }

  #backlog(): Backlog {
    const { slices } = this.#state;
    const keyCount = [...slices.values()].reduce((sum, { size }) => sum + size, 0);
    const oldestSlice = slices.size === 0 ? undefined : Math.min(...slices.keys());
    return { keyCount, oldestSlice };
  }

  #stateFor(lateByMs: number | undefined): State {
    if (lateByMs === undefined) return this.#state;
    const seenAtMs = this.#settings.world.atMs - lateByMs;
    return this.#pasts.findLast(({ atMs }) => atMs <= seenAtMs)?.state ?? this.#state;
  }

  #note(): void {
    const { world, ledger } = this.#settings;
    this.#pasts.push({ atMs: world.atMs, state: this.#state, moment: ledger.now });
    if (this.#pasts.length > pastsMax) this.#pasts.shift();
  }

  /**
   * Fails over to another server, or restores a backup.
   *
   * @param lostCount the number of newest states to lose
   */
  failOver(lostCount: number, serverBehindMs: number): void {
    const { world, ledger, isKept } = this.#settings;
    this.#pasts.length -= Math.min(lostCount, this.#pasts.length - 1);
    const past = this.#pasts.at(-1) as Past;
    world.tell(() => `fail-over: ${lostCount} states are lost, ${serverBehindMs} ms behind`);
    this.#state = past.state;
    ledger.lose(past.moment, isKept);
    world.serverBehindMs = serverBehindMs;
  }
}

const changesOf = <Change>(held: ReadonlyMap<string, Change>, keys: readonly string[]) =>
  new Map(
    keys.flatMap((key) => {
      const change = held.get(key);
      return change === undefined ? [] : ([[key, change]] as const);
    }),
  );
