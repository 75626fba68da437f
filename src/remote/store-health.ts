// Tracks the health of one remote store, for all calls and for writes separately: whether its
// breaker is open, and its last troubles. Logs each change.
import { Condition, type ConditionSettings, type Trouble } from "../observe/condition.ts";
import type { Log, LogLine } from "../observe/log-line.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import {
  hintOf,
  ofInvocation,
  type RemoteCause,
  type RemoteTrouble,
  troubleLine,
  type TroubleWords,
  whyOf,
} from "./trouble.ts";

/** Whether a call only reads, or also writes. */
export type Of = "reads" | "writes";

/** The health of a store, as this isolate knows it. */
export interface RemoteHealth {
  /** The last trouble that affected more than writes, even if it is over. */
  readonly trouble: Trouble<RemoteTrouble> | undefined;
  /** The last trouble that affected only writes, even if it is over. */
  readonly troubleWithWrites: Trouble<RemoteTrouble> | undefined;
  /** Whether the breaker is open. Only probes then use the store. */
  readonly isBreakerOpen: boolean;
  /** Whether the store answers reads but refuses writes. One write per pause is tried. */
  readonly refusesWrites: boolean;
  /** Texts about the troubles. */
  readonly words: TroubleWords;
}

export interface StoreHealthSettings {
  /** The store as the subject of a sentence. */
  readonly about: string;
  /** The event of log lines about troubles. */
  readonly event: LogLine["event"];
  readonly words: TroubleWords;
  readonly nowAtMs: () => number;
  /** Logs each beginning and end of trouble. Default: no log. */
  readonly tell?: Log | undefined;
  /** The maximum pause between probes while the breaker is open. Default: 30 s. */
  readonly pauseMsMax?: number | undefined;
  /**
   * Whether all commands use one key. A value of the wrong type under that key is then a trouble.
   */
  readonly hasOneKey?: boolean | undefined;
}

/**
 * Refusals of writes by a store that still answers reads. A refused token affects both, so it is not
 * in the list.
 */
export const refusalsOfWrites: readonly string[] = [
  "full",
  "read-only",
  "not-saving",
  "few-replicas",
  "not-permitted",
  "refused",
] satisfies RemoteTrouble[];

/** Refusals that the operator's settings cause, not the store. */
const refusalsOfCredentials: readonly RemoteTrouble[] = ["token-refused", "forbidden"];

/** One instance per store and client. */
export class StoreHealth implements RemoteHealth {
  readonly words: TroubleWords;
  readonly #settings: StoreHealthSettings;
  readonly #breaker: Breaker;
  /** Opens when the store refuses writes but answers reads. */
  readonly #writesBreaker: Breaker;
  readonly #reads: Condition<RemoteTrouble>;
  readonly #writes: Condition<RemoteTrouble>;
  /** Commands that were too large. This trouble never ends, so it is logged once. */
  readonly #sizes: Condition<RemoteTrouble>;
  readonly #breakerOpen: Condition<"breaker-open">;
  readonly #writesBreakerOpen: Condition<"breaker-open">;

  constructor(settings: StoreHealthSettings) {
    const { about, event, words, pauseMsMax, tell = () => undefined } = settings;
    this.words = words;
    this.#settings = settings;
    this.#breaker = new Breaker(pauseMsMax);
    this.#writesBreaker = new Breaker(pauseMsMax);
    const ofKind = (kind: RemoteTrouble) =>
      ({ event: refusalsOfCredentials.includes(kind) ? "credentials" : event }) as const;
    const troubles: ConditionSettings<RemoteTrouble> = {
      tell,
      about: ofKind,
      troubleLine: (kind) => troubleLine(kind, words),
      wellLine: (lasted) => `${about} works again after ${lasted}.`,
    };
    const ofWrites = {
      ...troubles,
      about: (kind: RemoteTrouble) => ({ ...ofKind(kind), of: "writes" }),
    };
    this.#reads = new Condition(troubles);
    this.#sizes = new Condition({ ...ofWrites, wellLine: () => "" });
    this.#writes = new Condition({
      ...ofWrites,
      troubleLine: (kind) => `Writes fail. ${troubleLine(kind, words)}`,
      wellLine: (lasted) => `${about} accepts writes again after ${lasted}.`,
    });
    this.#breakerOpen = new Condition({
      tell,
      about: () => ({ event: "breaker", of: "everything" }),
      troubleLine: () => `${about} has an open circuit breaker: only background probes use it.`,
      wellLine: (lasted) => `${about} works again: its circuit breaker was open for ${lasted}.`,
    });
    this.#writesBreakerOpen = new Condition({
      tell,
      about: () => ({ event: "breaker", of: "writes" }),
      troubleLine: () => "Writes have an open circuit breaker: one is tried after each pause.",
      wellLine: (lasted) => `Writes work again: their circuit breaker was open for ${lasted}.`,
    });
  }

  get isBreakerOpen(): boolean {
    return this.#breaker.isOpen;
  }

  get refusesWrites(): boolean {
    return this.#writesBreaker.isOpen;
  }

  get trouble(): Trouble<RemoteTrouble> | undefined {
    return this.#reads.trouble;
  }

  get troubleWithWrites(): Trouble<RemoteTrouble> | undefined {
    return this.#writes.trouble;
  }

  /** Returns whether the store may be used. While the breaker is open, one caller per pause gets `probe`. */
  ask(): BreakerState {
    return this.#breaker.ask(this.#settings.nowAtMs());
  }

  /** Like `ask`, for a store that refuses writes. */
  askToWrite(): BreakerState {
    return this.#writesBreaker.ask(this.#settings.nowAtMs());
  }

  /** Returns whether a client's read may use the store. If a probe is due, runs `probe` afterwards. */
  mayBeAsked(
    probe: () => Promise<unknown>,
    afterAnswer: (work: () => Promise<void>) => void,
  ): boolean {
    const state = this.ask();
    if (state === "probe") afterAnswer(async () => void (await probe().catch(() => undefined)));
    return state === "closed";
  }

  /**
   * Notes an answered read or an accepted write. An answered read does not end trouble with writes.
   */
  answered(of: Of): void {
    (of === "writes" ? this.#writes : this.#reads).succeeded(this.#settings.nowAtMs());
  }

  /** Notes a failure, as trouble with reads, writes or sizes. */
  failed(trouble: RemoteTrouble, of: Of): void {
    if (trouble === ofInvocation) return;
    // A wrong type concerns one key of many, and callers handle it.
    if (trouble === "wrong-type" && this.#settings.hasOneKey !== true) return;
    this.#conditionOf(trouble, of).failed(trouble, this.#settings.nowAtMs());
  }

  /** Notes that the store is up, which closes the breaker. */
  isUp(): void {
    this.#breaker.succeeded();
    this.#noteBreakers();
  }

  /**
   * Notes that the store seems to be down. Opens the breaker after several calls in a row.
   *
   * @param sentAtMs a call sent before the last failure is ignored, because it shows nothing new
   */
  isDown(sentAtMs: number): void {
    this.#breaker.failed(this.#settings.nowAtMs(), sentAtMs);
    this.#noteBreakers();
  }

  /** Notes whether the store has accepted a write, or refused it. */
  takesWrites(isAccepted: boolean): void {
    if (isAccepted) this.#writesBreaker.succeeded();
    else this.#writesBreaker.failed(this.#settings.nowAtMs());
    this.#noteBreakers();
  }

  /** Notes both, because a condition logs a change late if changes follow each other too fast. */
  #noteBreakers(): void {
    this.#note(this.#breakerOpen, this.isBreakerOpen);
    this.#note(this.#writesBreakerOpen, this.refusesWrites);
  }

  #note(condition: Condition<"breaker-open">, isBreakerOpen: boolean): void {
    const atMs = this.#settings.nowAtMs();
    if (isBreakerOpen) condition.failed("breaker-open", atMs);
    else condition.succeeded(atMs);
  }

  #conditionOf(trouble: RemoteTrouble, of: Of): Condition<RemoteTrouble> {
    if (trouble === "too-large") return this.#sizes;
    const isRefusal =
      refusalsOfWrites.includes(trouble) &&
      (of === "writes" || !["refused", "not-permitted"].includes(trouble));
    const areReadsWell = this.#reads.trouble?.isOver !== false;
    const isOfWrites = isRefusal || (of === "writes" && areReadsWell && trouble !== "wrong-type");
    return isOfWrites ? this.#writes : this.#reads;
  }
}

/**
 * Explains to the sender of a call why the store is unavailable. If earlier failures prevented the
 * call, explains their trouble.
 */
export function unavailableFor(
  cause: RemoteCause,
  { trouble, troubleWithWrites, words }: RemoteHealth,
): { readonly kind: "unavailable"; readonly why?: string; readonly hint?: string | undefined } {
  const kind = "unavailable";
  const isUnsent = cause === "breaker-open" || cause === "writes-refused";
  const last = [trouble, troubleWithWrites].find((one) => one?.isOver === false);
  const behind = isUnsent ? last?.kind : cause;
  if (behind === undefined) return { kind };
  return { kind, why: `${whyOf(behind, words)}.`, hint: hintOf(behind, words) };
}
