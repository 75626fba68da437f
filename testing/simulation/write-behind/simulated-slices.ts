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
  type SliceChanges,
  type SliceRead,
  type SliceStore,
} from "../../../src/write-behind/slice-store.ts";
import { ageMsOf, type SliceTimes, usualTimes } from "../../../src/write-behind/slice-times.ts";
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
}

interface State {
  readonly slices: ReadonlyMap<number, ReadonlyMap<string, unknown>>;
  /** When the id of each batch expires, by the server's clock. */
  readonly seen: ReadonlyMap<string, number>;
}

interface Past {
  readonly atMs: number;
  readonly state: State;
  readonly moment: Moment;
}

const pastsMax = 60;

export interface SlicesSettings<Change extends { readonly key: string }, Value> {
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
  #state: State = { slices: new Map(), seen: new Map() };
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

  /** @returns the answer if it is known; `undefined` if the batch must be added to its slice */
  #judged({ id, slice }: Batch<Change>): Acceptance | undefined {
    const { world, faults, backlogMax } = this.#settings;
    const { sliceMs, lateMs } = this.times;
    const atMs = world.serverAtMs;
    const isKnown = (this.#state.seen.get(id) ?? 0) > atMs && faults.forgetsBatches !== true;
    if (isKnown) return this.#accepted;
    const ageMs = ageMsOf(slice, atMs, this.times);
    if (ageMs > lateMs && faults.acceptsLate !== true) return { kind: "late" };
    if (ageMs < -sliceMs - lateMs && faults.acceptsEarly !== true) return { kind: "early" };
    return this.#backlog().keyCount >= backlogMax ? { kind: "full" } : undefined;
  }

  #remembered({ id }: Batch<Change>): Acceptance {
    const knownUntilMs = this.#settings.world.serverAtMs + this.times.seenMs;
    this.#state = { ...this.#state, seen: new Map(this.#state.seen).set(id, knownUntilMs) };
    return this.#accepted;
  }

  #folded({ slice, changes }: Batch<Change>): Acceptance {
    for (const change of changes) this.#fold(slice, change);
    this.#note();
    return this.#accepted;
  }

  get #accepted(): Acceptance {
    return { kind: "accepted", backlog: this.#backlog() };
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
    const { world, faults } = this.#settings;
    const { slices } = this.#stateFor(faults.flushesLateByMs);
    const isReady = (slice: number) =>
      ageMsOf(slice, world.serverAtMs, this.times) >= this.times.restMs;
    const numbers = [...slices.keys()].sort((a, b) => a - b);
    const slice = faults.takesNewest === true ? numbers.findLast(isReady) : numbers[0];
    if (slice === undefined || !isReady(slice)) return undefined;
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
