// The simulated world of the purge protocol: the time, the random draws, and one database. The
// database's journal may lag, lose entries, and return to an earlier state. The same seed gives the
// same history.
import { decodeEntry } from "../../src/purge/journal/entry.ts";
import type { RecordForm } from "../../src/cache/tiers/record-form.ts";
import type { Tier } from "../../src/cache/tiers/tier.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { SimulatedStream } from "./simulated-stream.ts";
import { Trace } from "./traces/trace.ts";

/** Returns a generator of random numbers from 0 to below 1 (mulberry32). */
export function drawsFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface WorldSettings {
  readonly seed: number;
  /** N of the two routes. */
  readonly maxLagMs: { readonly usual: number; readonly quick: number };
  readonly allowanceMs: number;
  /** ε: the largest difference between two clocks. */
  readonly clockErrorMs: number;
  /** L: the maximum age of the state that answers a read, except in a transaction that writes. */
  readonly replicaLagMs: number;
  /** The maximum delay of a command to the database. The same maximum applies to its reply. */
  readonly wayMs: number;
  /** The share of completed round trips whose reply is lost, 0 to 1. */
  readonly lostShare: number;
  /** The number of entries that trimming keeps. A view holds at most as many. */
  readonly keptCount: number;
  /** The number of newest entries whose lineages the journal keeps. Default: all. */
  readonly linedMax?: number;
  /** Whether the book never answers. */
  readonly isUnbooked?: boolean;
  /** `settleSeconds` of all routes, in milliseconds. Default: 0. */
  readonly settleMs?: number;
}

/** A record of the shared tier. */
export interface SimulatedRecord {
  readonly text: string;
  readonly untilAtMs: number;
}

/** The Durable Objects of the records. */
export interface RecordObjects {
  readonly tierOf: <Detail>(
    isolate: { readonly nowAtMs: () => number },
    form: RecordForm<Detail>,
  ) => Tier<Detail>;
  readonly restart: () => void;
}

interface WorldOptions {
  readonly time?: SimulatedTime;
  readonly tell?: ((line: string) => void) | undefined;
  readonly trace?: string[] | undefined;
}

export class SimulatedWorld {
  readonly settings: WorldSettings;
  readonly draw: () => number;
  readonly time: SimulatedTime;
  readonly stream: SimulatedStream;
  readonly records = new Map<string, SimulatedRecord>();
  /** The fields of names in epochs that are absent or partial. */
  readonly harmedEpochs = new Map<string, "absent" | "partial">();
  /** The states of the journal's subscribers. */
  readonly subscribers = new Map<string, string>();
  /** The objects of the records, if they are the shared tier in place of `records`. */
  recordObjects: RecordObjects | undefined;
  /** How far the clock of the server, which sets the IDs, is behind the true time. */
  serverBehindMs = 0;
  isRedisDown = false;
  /** Records the history for the specification, if a test asks for it. */
  readonly trace: Trace | undefined;
  /** Called for each entry that `append` adds, before it returns. */
  onAppended: (id: string, fields: readonly string[]) => void = () => undefined;
  readonly #tell: ((line: string) => void) | undefined;

  /**
   * @param options.tell receives one line per event, for a replay
   * @param options.trace receives the lines of a trace
   */
  constructor(settings: WorldSettings, options: WorldOptions = {}) {
    this.settings = settings;
    this.stream = new SimulatedStream(settings.linedMax);
    this.draw = drawsFrom(settings.seed);
    this.time = options.time ?? new SimulatedTime();
    this.#tell = options.tell;
    this.trace = options.trace && new Trace(this, options.trace);
  }

  get atMs(): number {
    return this.time.atMs;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.draw() * (most - least + 1));
  }

  any<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }

  sleep(ms: number): Promise<void> {
    return this.time.sleep(ms);
  }

  /**
   * Appends an entry. The server's clock shows whole seconds, so that an ID may occur again after a
   * loss.
   *
   * @param keptCount the number of entries to keep. Default: all
   * @param heldText returns the value of the switch's key for the entry's ID, if the entry is a
   *   post
   */
  append(fields: readonly string[], keptCount?: number, heldText?: (id: string) => string): string {
    const { atMs, stream } = this;
    const serverAtMs = Math.floor((atMs - this.serverBehindMs) / 1_000) * 1_000;
    const at = { atMs, serverAtMs };
    const id = heldText ? stream.post(fields, at, heldText) : stream.append(fields, at);
    this.trace?.appended(id, fields);
    this.onAppended(id, fields);
    this.tell(() => {
      const { mode, targets, lost, n } = decodeEntry(id, fields);
      const named = [...targets.tags, ...targets.prefixes].slice(0, 2).join(" ");
      return `  the journal has ${id} (n ${n}): ${mode} ${named}${lost && `, a mark that ${lost} is lost`}`;
    });
    if (keptCount !== undefined) stream.trimTo(keptCount, atMs);
    return id;
  }

  /** @param line called only if the world was created with `tell` */
  tell(line: () => string): void {
    this.#tell?.(`${String(this.atMs - 1_000_000).padStart(7)} ms  ${line()}`);
  }
}
