// Gathers, flushes and reads the changes of one set, for counters and buffers.
import { hintOf, whyOf, type RemoteCause } from "../remote/trouble.ts";
import type { RemoteAnswer } from "../remote/remote-client.ts";
import { inNeutralContext } from "../base/neutral-context.ts";
import { OperatorError } from "../base/operator-error.ts";
import type { PortsOfSets } from "../compose/data-beside-pages.ts";
import { within } from "../base/timeouts.ts";
import type { ChangeKind } from "./change-kind.ts";
import { type ChunkBudget, flush, type FlushReport } from "./flush.ts";
import type { Outcome } from "./change-batch.ts";
import { ChangeBatches } from "./change-batches.ts";
import { RedisSlices } from "./redis-slices.ts";
import { texts, SetCondition } from "./set-condition.ts";
import type { CheckedOptions } from "./set-options.ts";
import type { Sink } from "./sinks/sink.ts";
import {
  type Backlog,
  chunkCountMax,
  type DeadLetter,
  isApplied,
  isPast,
  type SliceStore,
} from "./change-slices.ts";
import { type SliceTimes, usualTimes } from "./slice-times.ts";

/** The dependencies of sets in an isolate. */
export interface BehindPorts extends PortsOfSets {
  /** Default: `usualTimes`. */
  readonly times?: SliceTimes;
}

/** The event that the promise of a call waits for. */
export type ChangeOptions =
  /**
   * `durable`: resolves once the change is accepted, and otherwise rejects with `NotAccepted`. With
   * `whenFull: "wait"`, the call first waits for room in the isolate.
   */
  | { readonly durable: true; readonly whenFull?: "wait" | "refuse" | undefined }
  /**
   * `whenFull: "wait"`: resolves once the isolate has room for the change and has gathered it.
   */
  | { readonly durable?: false | undefined; readonly whenFull: "wait" };

/** The error of a durable change that was not accepted. */
export class NotAccepted extends Error {
  override readonly name = "NotAccepted";
  /** Whether the change may still count. If `false`, it certainly does not count. */
  readonly isInDoubt: boolean;

  constructor(set: string, { kind, cause }: Exclude<Outcome, { kind: "accepted" }>) {
    const isInDoubt = kind === "in-doubt";
    const may = isInDoubt
      ? "It may still be applied: do not retry it if it must be applied only once."
      : "It is not applied: retry later.";
    super(`A change of ${set} was not accepted. Reason: ${texts[cause]}. ${may}`);
    this.isInDoubt = isInDoubt;
  }
}

/** The timeout of a call to the sink. The sink may still commit a chunk after the timeout. */
export const sinkMsMax = 30_000;

/** The limit for chunks of a background flush. The request that runs it may also make queries. */
const chunksBehindMax = 5;

export class ChangeSet<Change extends { readonly key: string }, Value> {
  readonly condition: SetCondition;
  readonly #set: string;
  readonly #kind: ChangeKind<Change, Value>;
  readonly #options: CheckedOptions<Sink<Change, Value>>;
  readonly #ports: BehindPorts;
  readonly #times: SliceTimes;
  readonly #store: RedisSlices<Change>;
  readonly #gathering: ChangeBatches<Change>;
  #flushedAtMs = -Infinity;

  constructor(
    set: string,
    kind: ChangeKind<Change, Value>,
    options: CheckedOptions<Sink<Change, Value>>,
    ports: BehindPorts,
  ) {
    const { redis = noDatabase, times = usualTimes } = ports;
    const { backlogMax, deadLetterAfter } = options;
    this.#set = set;
    this.#kind = kind;
    this.#options = options;
    this.#ports = ports;
    this.#times = times;
    this.condition = new SetCondition({ ...ports, ...options, set, times });
    const limits = { backlogMax, deadLetterAfter };
    this.#store = new RedisSlices({ ...ports, redis, set, kind, times, ...limits });
    this.#gathering = new ChangeBatches({
      ...ports,
      store: this.#store,
      hasNeverConnected: ports.hasNeverConnected ?? (() => false),
      kind,
      times,
      onOutcome: (outcome, callCount) => this.condition.settled(outcome, callCount),
      onTime: (time) => this.condition.hasTime(time),
      onBacklog: (backlog) => this.#heard(backlog),
    });
  }

  /**
   * Adds a change. Returns a promise if the options name an event; otherwise `undefined`.
   *
   * @throws OperatorError without Redis
   */
  add(change: Change, bytes: number, options?: ChangeOptions): Promise<void> | undefined {
    if (this.#ports.redis === undefined) throw this.#lacksRedis("takes no change");
    const gathering = this.#gathering;
    const add = () =>
      options?.durable === true
        ? this.#accepted(gathering.addAndWait(change, bytes))
        : gathering.add(change, bytes);
    if (options?.whenFull === "wait") return gathering.withRoom(change.key, add);
    return add() ?? undefined;
  }

  /** Rejects with `NotAccepted` unless the change is accepted. */
  async #accepted(adding: Promise<Outcome>): Promise<void> {
    const outcome = await adding;
    if (outcome.kind !== "accepted") throw new NotAccepted(this.#set, outcome);
  }

  /**
   * Returns the exact values of keys.
   *
   * @throws OperatorError if Redis cannot be read. Errors of the sink are passed on
   */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Value>> {
    if (this.#ports.redis === undefined) throw this.#lacksRedis("cannot be read exactly");
    const values = new Map<string, Value>();
    for (let at = 0; at < keys.length; at += chunkCountMax) {
      const part = keys.slice(at, at + chunkCountMax);
      const ports = { set: this.#set, kind: this.#kind, store: this.#store, sink: this.#sink };
      const read = await readExactly(ports, part);
      if (read.kind === "unavailable") throw this.#unreadable(read.cause);
      for (const [key, value] of read.value) values.set(key, value);
    }
    return values;
  }

  /**
   * Returns the dead letters.
   *
   * @throws OperatorError if Redis cannot be read
   */
  async deadLetters(): Promise<readonly DeadLetter<Change>[]> {
    const answer = await this.#store.deadLetters();
    if (answer.kind === "unavailable") throw this.#unreadable(answer.cause);
    this.condition.holdsLetters(answer.value.length);
    return answer.value;
  }

  /**
   * Removes a dead letter. Returns whether this call removed it.
   *
   * @throws OperatorError if Redis does not answer; the letter may then be gone
   */
  async dropDeadLetter(id: string): Promise<boolean> {
    const answer = await this.#store.dropDeadLetter(id);
    if (answer.kind === "unavailable") throw this.#unreadable(answer.cause);
    this.condition.holdsLetters(answer.value.letterCount);
    return answer.value.isMine;
  }

  /** The current sink. A flush keeps its sink to the end, even if a later definition replaces it. */
  get #sink(): Sink<Change, Value> {
    return boundedInTime(this.#options.sink);
  }

  /** Sends gathered changes to Redis, and rested changes to the sink. Never rejects. */
  async flush(budget: ChunkBudget): Promise<FlushReport> {
    await this.#gathering.settle();
    return this.#flush(budget);
  }

  /** Returns whether the run of the cron trigger at this time should flush the set. */
  isDue(atMs: number): boolean {
    const minutes = Math.max(1, Math.round(this.#options.everyMs / minuteMs));
    // The trigger runs at full minutes, by a clock that may differ from this isolate's.
    return Math.round(atMs / minuteMs) % minutes === 0 && !this.condition.isBackingOff(atMs);
  }

  async #flush(budget: ChunkBudget): Promise<FlushReport> {
    this.#flushedAtMs = this.#ports.nowAtMs();
    const ports = { set: this.#set, store: this.#store, sink: this.#sink };
    const flushed = await flush(ports, budget);
    this.condition.flushed(flushed);
    return flushed;
  }

  /** Records the backlog. Flushes in the background if the backlog is overdue or large. */
  #heard(backlog: Backlog): void {
    this.condition.waits(backlog);
    const { nowAtMs, afterAnswer } = this.#ports;
    const { everyMs, backlogMax } = this.#options;
    const atMs = nowAtMs();
    if (backlog.oldestSlice === undefined || this.condition.isBackingOff(atMs)) return;
    const restedMs = this.condition.ageMsOf(backlog.oldestSlice, atMs) - this.#times.restMs;
    const isOverdue = restedMs > 2 * everyMs;
    const isLarge = restedMs > 0 && backlog.keyCount > backlogMax / 2;
    const isLately = Math.abs(atMs - this.#flushedAtMs) < (isLarge ? this.#times.sliceMs : everyMs);
    if ((!isOverdue && !isLarge) || isLately) return;
    this.#flushedAtMs = atMs;
    // In the client's context, a sink may write the changes of all clients in this client's transaction.
    const flushing = () => this.#flush({ left: chunksBehindMax });
    afterAnswer(async () => void (await inNeutralContext(flushing)));
  }

  #lacksRedis(effect: string): OperatorError {
    return new OperatorError({
      what: `The ${this.#kind.name} ${this.#set} ${effect}.`,
      why: "Its changes are gathered in Redis, and this cache has no Redis.",
      hint: "Pass stores: upstash(), and set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN. On Node, set `redis` to a connection.",
    });
  }

  #unreadable(cause: RemoteCause): OperatorError {
    const isKnown = cause !== "breaker-open" && cause !== "writes-refused";
    const words = this.#ports.redis?.health.words ?? {};
    const why = isKnown
      ? `${whyOf(cause, words)}.`
      : "The circuit breaker of the database is open, or there is no database.";
    const hint = isKnown ? hintOf(cause, words) : undefined;
    return new OperatorError({
      what: `The ${this.#kind.name} ${this.#set} cannot be read exactly.`,
      why,
      hint: hint === undefined ? "Try again." : `Try again; if that also fails, ${hint}.`,
    });
  }
}

const minuteMs = 60_000;

const breakerOpen = async () => ({ kind: "unavailable", cause: "breaker-open" }) as const;

/** Replaces a missing Redis. */
const noDatabase = {
  read: breakerOpen,
  write: breakerOpen,
  look: breakerOpen,
  remove: breakerOpen,
};

function boundedInTime<Change, Value>(sink: Sink<Change, Value>): Sink<Change, Value> {
  return {
    apply: (chunk) => within(sink.apply(chunk), sinkMsMax),
    read: (set, keys) => within(sink.read(set, keys), sinkMsMax),
  };
}

export interface ReadPorts<Change extends { readonly key: string }, Value> {
  readonly set: string;
  readonly kind: Pick<ChangeKind<Change, Value>, "applied">;
  readonly store: Pick<SliceStore<Change>, "read" | "passMark">;
  readonly sink: Pick<Sink<Change, Value>, "read">;
}

/**
 * Reads values with one command to Redis and one call of the sink. If a waiting slice is before the
 * sink's mark, checks the mark and reads again. Rejects if the sink rejects.
 *
 * @returns the values of the keys that have a value
 */
export async function readExactly<Change extends { readonly key: string }, Value>(
  ports: ReadPorts<Change, Value>,
  keys: readonly string[],
  isMarkChecked = false,
): Promise<RemoteAnswer<ReadonlyMap<string, Value>>> {
  const { set, kind, store, sink } = ports;
  const waiting = await store.read(keys);
  if (waiting.kind === "unavailable") return waiting;
  const { values, mark } = await sink.read(set, keys);
  const isBehind = waiting.value.some(({ slice }) => isApplied(mark, slice));
  if (mark !== undefined && isBehind && !isMarkChecked) {
    const passed = await store.passMark(mark);
    // Another process may have moved the slices meanwhile, so also read again if this call moved none.
    return passed.kind === "unavailable" ? passed : readExactly(ports, keys, true);
  }
  const exact = new Map<string, Value>();
  for (const key of keys) {
    let value = values.get(key);
    for (const { slice, changes } of waiting.value) {
      const change = changes.get(key);
      if (change !== undefined && isPast(mark, slice, key)) value = kind.applied(value, change);
    }
    if (value !== undefined) exact.set(key, value);
  }
  return { kind: "answered", value: exact };
}
