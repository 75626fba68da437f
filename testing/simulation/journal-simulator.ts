// A small world for the purge protocol: one database whose journal may lag, lose entries and come
// back old, colos, and isolates with clocks of their own. The same seed gives the same history.
import { decodeEntry } from "../../src/purge/journal/entry.ts";
import { SimulatedTime } from "./simulated-time.ts";
import { SimulatedStream } from "./simulated-stream.ts";

/** A generator of numbers from 0 to below 1 (mulberry32). */
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
  /** N of the two routes there are, and A. */
  readonly maxLagMs: { readonly usual: number; readonly quick: number };
  readonly allowanceMs: number;
  /** ε: two clocks are at most this far apart. */
  readonly clockErrorMs: number;
  /** L: the oldest state that a read outside a transaction may be answered from. */
  readonly replicaLagMs: number;
  /** The longest way to the database, and the longest way back. */
  readonly wayMs: number;
  /** What trimming leaves of the journal, and the most that a view holds. */
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
  /** How far behind the server's own clock is, from which it mints IDs. */
  serverBehindMs = 0;
  isRedisDown = false;
  /** What came into the journal, told at once to whoever keeps account. */
  onAppended: (id: string, fields: readonly string[]) => void = () => undefined;
  readonly #tell: ((line: string) => void) | undefined;

  /** @param tell for a replay: a line per event */
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
   * Coarse, so that after a loss the same ID is minted again.
   *
   * @param heldText what the switch's key holds from then on, where the entry is a post of it
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

  /** @param line put together only where somebody reads it */
  tell(line: () => string): void {
    this.#tell?.(`${String(this.atMs - 1_000_000).padStart(7)} ms  ${line()}`);
  }
}
