// The tiers of simulated colos: the real memory tier, and maps in place of the edge and shared tiers.
import { TierStack } from "../../../../src/cache/tiers/tier-stack.ts";
import {
  edgeBodyBytesMax,
  type TierAsk,
  type TierFill,
  type TierKeep,
  type TierRead,
  type TierWrite,
} from "../../../../src/cache/tiers/tier.ts";
import type { RecordKey } from "../../../../src/cache/record/record-key.ts";
import type { TierName } from "../../../../src/config/config.ts";
import { heapBytes } from "../../../../src/cache/tiers/record-form.ts";
import type { Exchange } from "../../../../src/pages/site/exchange.ts";
import { responseForm } from "../../../../src/pages/stored/record-form.ts";
import type {
  ResponseDetail,
  ResponseRecord,
  ResponseTier,
  Tiers,
} from "../../../../src/pages/stored/stored-response.ts";
import type { Policy } from "./policy.ts";
import { MemoryTier } from "../../../../src/stores/memory/memory-tier.ts";

/** The records of an edge or shared tier. Beyond, it evicts, so that a log cannot fill this process. */
const recordsMax = { edge: 100_000, shared: 500_000 } as const;

const sweepEveryWrites = 5_000;

/** The calls of the shared tier. */
export interface TierCalls {
  reads: number;
  found: number;
  writes: number;
  /** The writes of records that were not there. */
  fills: number;
  bytes: number;
}

export class SimulatedTier implements ResponseTier {
  readonly name: TierName;
  readonly arrivingBytesMax: number;
  readonly isShutOff = false;
  readonly calls: TierCalls = { reads: 0, found: 0, writes: 0, fills: 0, bytes: 0 };
  readonly #bodyBytesMax: number;
  readonly #recordsMax: number;
  /** The oldest write is the first. */
  readonly #records = new Map<
    string,
    { readonly record: ResponseRecord; readonly untilAtMs: number }
  >();

  constructor(name: "edge" | "shared", bodyBytesMax: number) {
    this.name = name;
    this.arrivingBytesMax = name === "edge" ? bodyBytesMax : 0;
    this.#bodyBytesMax = bodyBytesMax;
    this.#recordsMax = recordsMax[name];
  }

  read({ text }: RecordKey, { atMs }: Pick<TierAsk<ResponseDetail>, "atMs">) {
    this.calls.reads += 1;
    const found = this.#records.get(text);
    if (found === undefined || atMs >= found.untilAtMs) return { kind: "absent" } as const;
    this.calls.found += 1;
    this.calls.bytes += bytesOf(found.record);
    return { kind: "found", record: found.record } satisfies TierRead<ResponseDetail>;
  }

  write({ text }: RecordKey, record: TierFill<ResponseDetail>, keep: TierKeep): TierWrite {
    if (record.kind === "arriving") return { kind: "refused", rule: "arriving" };
    if (bytesOf(record) > this.#bodyBytesMax) return { kind: "refused", rule: "too-large" };
    this.calls.writes += 1;
    this.calls.bytes += bytesOf(record);
    if (!this.#records.delete(text)) this.calls.fills += 1;
    this.#records.set(text, { record, untilAtMs: keep.untilAtMs });
    if (this.calls.writes % sweepEveryWrites === 0) this.#sweep(keep.atMs);
    return { kind: "kept" };
  }

  /** Removes the expired records, and the oldest beyond the limit. */
  #sweep(atMs: number): void {
    for (const [text, { untilAtMs }] of this.#records) {
      const isOver = this.#records.size > this.#recordsMax;
      if (isOver || untilAtMs <= atMs) this.#records.delete(text);
    }
  }

  remove({ text }: RecordKey): void {
    this.#records.delete(text);
  }
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
export class World {
  readonly shared: SimulatedTier;
  readonly isolates: Isolate[] = [];
  readonly #policy: Pick<Policy, "config" | "isolateCount">;
  readonly #exchangeOver: (tiers: Tiers) => Exchange;
  readonly #colos = new Map<string, { readonly isolates: readonly Isolate[]; turn: number }>();

  constructor(
    policy: Pick<Policy, "config" | "isolateCount">,
    exchangeOver: (tiers: Tiers) => Exchange,
  ) {
    this.#policy = policy;
    this.#exchangeOver = exchangeOver;
    this.shared = new SimulatedTier("shared", policy.config.limits.sharedBodyBytes);
  }

  get coloCount(): number {
    return this.#colos.size;
  }

  /** Returns a colo's next isolate: its isolates take turns. */
  isolateIn(name: string): Isolate {
    let colo = this.#colos.get(name);
    if (colo === undefined) this.#colos.set(name, (colo = this.#open()));
    colo.turn = (colo.turn + 1) % colo.isolates.length;
    return colo.isolates[colo.turn] as Isolate;
  }

  #open() {
    const { config, isolateCount } = this.#policy;
    const edge = new SimulatedTier("edge", edgeBodyBytesMax);
    const isolates = Array.from({ length: isolateCount }, (_, nth): Isolate => {
      const bytesMax = config.limits.memoryBytes;
      const memory = new MemoryTier<ResponseDetail>({ bytesMax, form: responseForm });
      const tiers = new TierStack<ResponseDetail>(memory, [edge, this.shared]);
      return { number: this.isolates.length + nth, tiers, exchange: this.#exchangeOver(tiers) };
    });
    this.isolates.push(...isolates);
    return { isolates, turn: 0 };
  }

  /** Returns the bytes in the memory of all isolates now, by route. */
  memoryByRoute(): Map<string, number> {
    const bytes = new Map<string, number>();
    for (const [, record] of this.isolates.flatMap(({ tiers }) => [...tiers.memory.entries()])) {
      if (record.kind === "vary") continue;
      const { route } = record.stored.metadata;
      bytes.set(route, (bytes.get(route) ?? 0) + heapBytes(record, responseForm));
    }
    return bytes;
  }
}
