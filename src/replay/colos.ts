// The colos of a replay: isolates with the real memory tier, over maps in place of the edge and shared tiers.
import { BoundedMap } from "../base/bounded-map.ts";
import type { RecordKey } from "../cache/record/record-key.ts";
import { TierStack } from "../cache/tiers/tier-stack.ts";
import {
  edgeBodyBytesMax,
  type TierAsk,
  type TierFill,
  type TierKeep,
  type TierWrite,
} from "../cache/tiers/tier.ts";
import type { Config } from "../config/config.ts";
import type { Exchange } from "../pages/site/exchange.ts";
import { responseForm } from "../pages/stored/response-form.ts";
import type {
  ResponseDetail,
  ResponseRecord,
  ResponseTier,
  Tiers,
} from "../pages/stored/stored-response.ts";
import { rowMsMax } from "../stores/durable-object/tidemark-records.ts";
import { MemoryTier } from "../stores/memory/memory-tier.ts";
import type { ReplaySettings } from "./replayed-request.ts";

/** A log cannot fill this process with colos. */
const colosMax = 400;

/** The records of all edge tiers, or those of the shared tier. */
type Records = BoundedMap<{
  readonly record: ResponseRecord;
  readonly untilAtMs: number;
  /** When a Durable Object has written the record's row. */
  readonly rowAtMs: number;
}>;

interface TierSettings {
  readonly name: "edge" | "shared";
  readonly bodyBytesMax: number;
  readonly records: Records;
  /** The colo of an edge tier. */
  readonly colo?: number;
}

class MapTier implements ResponseTier {
  readonly name: "edge" | "shared";
  readonly arrivingBytesMax: number;
  readonly bodyBytesMax: number;
  readonly isShutOff = false;
  readonly calls = { reads: 0, found: 0, writes: 0, rows: 0, bytes: 0 };
  readonly #settings: TierSettings;

  constructor(settings: TierSettings) {
    this.name = settings.name;
    this.bodyBytesMax = settings.bodyBytesMax;
    this.arrivingBytesMax = settings.name === "edge" ? settings.bodyBytesMax : 0;
    this.#settings = settings;
  }

  #nameOf({ text }: RecordKey): string {
    return digestOf(text, this.#settings.colo ?? -1);
  }

  read(key: RecordKey, { atMs }: Pick<TierAsk<ResponseDetail>, "atMs">) {
    this.calls.reads += 1;
    const found = this.#settings.records.get(this.#nameOf(key));
    if (found === undefined || atMs >= found.untilAtMs) return { kind: "absent" } as const;
    this.calls.found += 1;
    this.calls.bytes += bytesOf(found.record);
    return { kind: "found", record: found.record } as const;
  }

  write(key: RecordKey, record: TierFill<ResponseDetail>, keep: TierKeep): TierWrite {
    const { records, bodyBytesMax } = this.#settings;
    if (record.kind === "arriving") return { kind: "refused", rule: "arriving" };
    if (bytesOf(record) > bodyBytesMax) return { kind: "refused", rule: "too-large" };
    const name = this.#nameOf(key);
    this.calls.writes += 1;
    this.calls.bytes += bytesOf(record);
    const { atMs, untilAtMs, body } = keep;
    const held = records.peek(name);
    const isInMemory = body === "unchanged" && held && atMs - held.rowAtMs < rowMsMax;
    this.calls.rows += (held ? 0 : 1) + (isInMemory ? 0 : 1);
    records.set(name, { record, untilAtMs, rowAtMs: isInMemory ? held.rowAtMs : atMs });
    return { kind: "kept" };
  }

  remove(key: RecordKey): void {
    this.#settings.records.delete(this.#nameOf(key));
  }
}

/** Returns a name of four characters, because the texts of all keys take much memory. */
function digestOf(text: string, seed: number): string {
  let [one, other] = [seed, ~seed];
  for (let at = 0; at < text.length; at += 1) {
    one = Math.imul(one ^ text.charCodeAt(at), 0x85ebca6b);
    other = Math.imul(other ^ text.charCodeAt(at), 0xc2b2ae35);
    [one, other] = [one ^ (other >>> 15), other ^ (one >>> 13)];
  }
  return String.fromCharCode(one & 0xffff, one >>> 16, other & 0xffff, other >>> 16);
}

function bytesOf(record: ResponseRecord): number {
  return record.kind === "response" ? (record.stored.metadata.bodyBytes ?? 0) : 0;
}

/** One isolate. */
export interface Isolate {
  readonly number: number;
  readonly tiers: Tiers;
  readonly exchange: Exchange;
}

/** All colos, with their isolates. */
export class Colos {
  readonly shared: MapTier;
  isolateCount = 0;
  /** The records that were evicted from edge and shared tiers. */
  evicted = 0;
  readonly #config: Config;
  readonly #settings: ReplaySettings;
  readonly #exchangeOver: (tiers: Tiers) => Exchange;
  readonly #edges: Records;
  readonly #colos = new Map<string, { readonly isolates: readonly Isolate[]; turn: number }>();

  constructor(config: Config, settings: ReplaySettings, exchangeOver: (tiers: Tiers) => Exchange) {
    this.#config = config;
    this.#settings = settings;
    this.#exchangeOver = exchangeOver;
    this.#edges = this.#records();
    const { sharedBodyBytes: bodyBytesMax } = config.limits;
    this.shared = new MapTier({ name: "shared", bodyBytesMax, records: this.#records() });
  }

  #records(): Records {
    return new BoundedMap({
      sizeMax: this.#settings.recordsMax,
      onRemoved: (_, _name, why) => {
        if (why === "evicted") this.evicted += 1;
      },
    });
  }

  get count(): number {
    return this.#colos.size;
  }

  /** Returns a colo's next isolate: its isolates take turns. Too many colos share one. */
  isolateIn(name: string): Isolate {
    let colo = this.#colos.get(name);
    if (colo === undefined) {
      if (this.count >= colosMax - 1 && name !== otherColos) return this.isolateIn(otherColos);
      this.#colos.set(name, (colo = { isolates: this.#open(), turn: 0 }));
    }
    colo.turn = (colo.turn + 1) % colo.isolates.length;
    return colo.isolates[colo.turn] as Isolate;
  }

  #open(): Isolate[] {
    const [bodyBytesMax, records, colo] = [edgeBodyBytesMax, this.#edges, this.count];
    const edge = new MapTier({ name: "edge", bodyBytesMax, records, colo });
    return Array.from({ length: this.#settings.isolateCount }, () => {
      const bytesMax = this.#config.limits.memoryBytes;
      const memory = new MemoryTier<ResponseDetail>({ bytesMax, form: responseForm });
      const tiers = new TierStack<ResponseDetail>(memory, [edge, this.shared]);
      return { number: this.isolateCount++, tiers, exchange: this.#exchangeOver(tiers) };
    });
  }
}

const otherColos = "all other colos";
