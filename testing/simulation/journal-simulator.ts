// The simulated world of the purge protocol, with one database. The database's journal may lag, lose
// entries, and return to an earlier state.
import { decodeEntry } from "../../src/purge/journal/entry.ts";
import type { RecordForm } from "../../src/cache/tiers/record-form.ts";
import type { Tier } from "../../src/cache/tiers/tier.ts";
import { DrawnWorld, type DrawnWorldOptions } from "./drawn-world.ts";
import { SimulatedStream } from "./simulated-stream.ts";
import { Trace } from "./traces/trace.ts";

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

interface WorldOptions extends DrawnWorldOptions {
  /** Receives the lines of a trace. */
  readonly trace?: string[] | undefined;
}

export class SimulatedWorld extends DrawnWorld {
  readonly settings: WorldSettings;
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
  /** Records the history, if a test asks for it. */
  readonly trace: Trace | undefined;
  /** Called for each entry that `append` adds, before it returns. */
  onAppended: (id: string, fields: readonly string[]) => void = () => undefined;

  constructor(settings: WorldSettings, { trace, ...options }: WorldOptions = {}) {
    super(settings.seed, options);
    this.settings = settings;
    this.stream = new SimulatedStream(settings.linedMax);
    this.trace = trace && new Trace(this, trace);
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
}
