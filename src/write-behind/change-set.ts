// One set: gathers, flushes and reads its changes. Counters and buffers use it.
import type { Log } from "../observe/log-line.ts";
import { OperatorError } from "../base/operator-error.ts";
import { within } from "../base/timeouts.ts";
import type { RedisCause, RedisClient } from "../redis/redis-client.ts";
import { hintOf, whyOf } from "../redis/trouble.ts";
import type { ChangeKind } from "./change-kind.ts";
import { type ChunkBudget, flush, type FlushReport } from "./flush.ts";
import type { Outcome } from "./change-batch.ts";
import { ChangeBatches } from "./change-batches.ts";
import { readExactly } from "./read-exactly.ts";
import { RedisSlices, type RedisSlicesSettings } from "./redis-slices.ts";
import { said, SetCondition } from "./set-condition.ts";
import type { CheckedOptions } from "./set-options.ts";
import { type Sink } from "./sinks/sink.ts";
import { type Backlog, chunkCountMax } from "./slice-store.ts";
import { ageMsOf, type SliceTimes, usualTimes } from "./slice-times.ts";

/** The dependencies of sets in an isolate. */
export interface BehindPorts {
  /** `undefined` without a database, where no change is accepted. */
  readonly redis: Pick<RedisClient, "read" | "write" | "look" | "remove" | "words"> | undefined;
  /** While it is paused, no change is accepted. */
  readonly room?: RedisSlicesSettings<never>["room"];
  readonly namespace: string;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  readonly log: Log;
  /** Default: `usualTimes`. */
  readonly times?: SliceTimes;
}

/** A durable change that was not accepted. */
export class NotAccepted extends Error {
  override readonly name = "NotAccepted";
  /** It is unknown whether the change counts. Otherwise it certainly does not. */
  readonly isInDoubt: boolean;

  constructor(set: string, { kind, cause }: Exclude<Outcome, { kind: "accepted" }>) {
    const isInDoubt = kind === "in-doubt";
    const may = isInDoubt
      ? "It may still count: do not retry it if it must count only once."
      : "It does not count: retry later.";
    super(`A change of ${set} was not accepted. Reason: ${said[cause]}. ${may}`);
    this.isInDoubt = isInDoubt;
  }
}

/** After this time without an answer, the sink has failed, but it may still commit. */
const sinkMsMax = 30_000;

/** The limit for a flush behind an answer, because the request has queries of its own. */
const chunksBehindMax = 5;

export class ChangeSet<Change extends { readonly key: string }, Value> {
  readonly condition: SetCondition;
  readonly #set: string;
  readonly #kind: ChangeKind<Change, Value>;
  readonly #options: CheckedOptions<Sink<Change, Value>>;
  readonly #ports: BehindPorts;
  readonly #times: SliceTimes;
  readonly #store: RedisSlices<Change> | undefined;
  readonly #sink: Sink<Change, Value>;
  readonly #gathering: ChangeBatches<Change>;
  #flushedAtMs = -Infinity;

  constructor(
    set: string,
    kind: ChangeKind<Change, Value>,
    options: CheckedOptions<Sink<Change, Value>>,
    ports: BehindPorts,
  ) {
    const { redis, times = usualTimes } = ports;
    const { backlogMax } = options;
    this.#set = set;
    this.#kind = kind;
    this.#options = options;
    this.#ports = ports;
    this.#times = times;
    this.#sink = boundedInTime(options.sink);
    this.condition = new SetCondition({ ...ports, ...options, set, times });
    this.#store = redis && new RedisSlices({ ...ports, redis, set, kind, backlogMax, times });
    this.#gathering = new ChangeBatches({
      ...ports,
      store: this.#store ?? { accept: async () => noDatabase },
      kind,
      times,
      onOutcome: (outcome, callCount) => this.condition.settled(outcome, callCount),
      onBacklog: (backlog) => this.#heard(backlog),
    });
  }

  add(change: Change, bytes: number): void {
    this.#gathering.add(change, bytes);
  }

  /** Resolves once the change is accepted; otherwise rejects with `NotAccepted`. */
  async addDurably(change: Change, bytes: number): Promise<void> {
    const outcome = await this.#gathering.addAndWait(change, bytes);
    if (outcome.kind !== "accepted") throw new NotAccepted(this.#set, outcome);
  }

  /** @throws OperatorError if Redis cannot be read, and errors of the sink */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Value>> {
    const values = new Map<string, Value>();
    for (let at = 0; at < keys.length; at += chunkCountMax) {
      const part = keys.slice(at, at + chunkCountMax);
      const ports = { set: this.#set, kind: this.#kind, sink: this.#sink };
      const store = this.#store ?? { read: async () => noDatabase };
      const read = await readExactly({ ...ports, store }, part);
      if (read.kind === "unavailable") throw this.#unreadable(read.cause);
      for (const [key, value] of read.value) values.set(key, value);
    }
    return values;
  }

  /** Sends gathered changes to Redis, and rested changes to the sink. Never rejects. */
  async flush(budget: ChunkBudget): Promise<FlushReport> {
    await this.#gathering.settle();
    return this.#flush(budget);
  }

  /** Tells whether this run of the cron trigger, one of each minute, should flush the set. */
  isDue(atMs: number): boolean {
    const minutes = Math.max(1, Math.round(this.#options.everyMs / minuteMs));
    return Math.floor(atMs / minuteMs) % minutes === 0 && !this.condition.isBackingOff(atMs);
  }

  async #flush(budget: ChunkBudget): Promise<FlushReport> {
    this.#flushedAtMs = this.#ports.nowAtMs();
    const store = this.#store ?? { ...unavailableStore };
    const flushed = await flush({ set: this.#set, store, sink: this.#sink }, budget);
    this.condition.flushed(flushed);
    return flushed;
  }

  /** Flushes behind an answer if other flushes are missing or too slow. */
  #heard(backlog: Backlog): void {
    this.condition.waits(backlog);
    const { nowAtMs, afterAnswer } = this.#ports;
    const { everyMs, backlogMax } = this.#options;
    const atMs = nowAtMs();
    if (backlog.oldestSlice === undefined || this.condition.isBackingOff(atMs)) return;
    const restedMs = ageMsOf(backlog.oldestSlice, atMs, this.#times) - this.#times.restMs;
    const isOverdue = restedMs > 2 * everyMs;
    const isLarge = restedMs > 0 && backlog.keyCount > backlogMax / 2;
    const isLately = Math.abs(atMs - this.#flushedAtMs) < (isLarge ? this.#times.sliceMs : everyMs);
    if ((!isOverdue && !isLarge) || isLately) return;
    this.#flushedAtMs = atMs;
    afterAnswer(async () => void (await this.#flush({ left: chunksBehindMax })));
  }

  #unreadable(cause: RedisCause): OperatorError {
    const isKnown = cause !== "shut-off" && cause !== "writes-refused";
    const { words } = this.#ports.redis ?? {};
    const why = isKnown ? `${whyOf(cause, words)}.` : "The database is shut off, or there is none.";
    const hint = isKnown ? hintOf(cause, words) : undefined;
    return new OperatorError({
      what: `The ${this.#kind.name} ${this.#set} cannot be read exactly.`,
      why,
      hint: hint === undefined ? "Try again." : `Try again; if that also fails, ${hint}.`,
    });
  }
}

const minuteMs = 60_000;

const noDatabase = { kind: "unavailable", cause: "shut-off" } as const;

const unavailableStore = {
  rested: async () => noDatabase,
  changes: async () => noDatabase,
  drop: async () => noDatabase,
};

function boundedInTime<Change, Value>(sink: Sink<Change, Value>): Sink<Change, Value> {
  return {
    apply: (chunk) => within(sink.apply(chunk), sinkMsMax),
    read: (set, keys) => within(sink.read(set, keys), sinkMsMax),
  };
}
