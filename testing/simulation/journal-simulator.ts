// A small world for the purge protocol: one database whose journal may lag, lose entries and go
// back, colos, and isolates with their own clocks. The same seed gives the same history.
import { decodeEntry } from "../../src/purge/journal/entry.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { SimulatedStream } from "./simulated-stream.ts";

/** Returns a generator of numbers from 0 to below 1 (mulberry32). */
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
  /** L: the age of the oldest state that answers a read outside a transaction. */
  readonly replicaLagMs: number;
  /** The longest delay to the database, and the longest delay back. */
  readonly wayMs: number;
  /** The share of completed commands without an answer. */
  readonly lostShare: number;
  /** The number of entries that trimming keeps, and the maximum in a view. */
  readonly keptCount: number;
}

/** A record of the shared tier. */
export interface SimulatedRecord {
  readonly text: string;
  readonly untilAtMs: number;
}

export class SimulatedWorld {
  readonly settings: WorldSettings;
  readonly draw: () => number;
  readonly time: SimulatedTime;
  readonly stream = new SimulatedStream();
  readonly records = new Map<string, SimulatedRecord>();
  /** The lag of the server's own clock, which sets the IDs. */
  serverBehindMs = 0;
  isRedisDown = false;
  /** Called at once for each entry in the journal. */
  onAppended: (id: string, fields: readonly string[]) => void = () => undefined;
  readonly #tell: ((line: string) => void) | undefined;

  /** @param tell receives one line per event, for a replay */
  constructor(
    settings: WorldSettings,
    options: { time?: SimulatedTime; tell?: ((line: string) => void) | undefined } = {},
  ) {
    this.settings = settings;
    this.draw = drawsFrom(settings.seed);
    this.time = options.time ?? new SimulatedTime();
    this.#tell = options.tell;
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
   * Appends an entry. The clock is coarse, so that the same ID may appear again after a loss.
   *
   * @param heldText the new value of the switch's key, if the entry is a post of it
   */
  append(fields: readonly string[], keptCount?: number, heldText?: (id: string) => string): string {
    const { atMs, stream } = this;
    const serverAtMs = Math.floor((atMs - this.serverBehindMs) / 1_000) * 1_000;
    const at = { atMs, serverAtMs };
    const id = heldText ? stream.post(fields, at, heldText) : stream.append(fields, at);
    this.onAppended(id, fields);
    this.tell(() => {
      const { mode, targets, lost, n } = decodeEntry(id, fields);
      const named = [...targets.tags, ...targets.prefixes].slice(0, 2).join(" ");
      return `  the journal has ${id} (n ${n}): ${mode} ${named}${lost && `, a mark that ${lost} is lost`}`;
    });
    if (keptCount !== undefined) stream.trimTo(keptCount, atMs);
    return id;
  }

  /** @param line is called only if a reader exists */
  tell(line: () => string): void {
    this.#tell?.(`${String(this.atMs - 1_000_000).padStart(7)} ms  ${line()}`);
  }
}
