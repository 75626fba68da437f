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
import type { Config, TierName } from "../../../../src/config/config.ts";
import { responseForm } from "../../../../src/pages/stored/record-form.ts";
import type {
  ResponseDetail,
  ResponseRecord,
  ResponseTier,
  Tiers,
} from "../../../../src/pages/stored/stored-response.ts";
import { MemoryTier } from "../../../../src/stores/memory/memory-tier.ts";

/** The records of an edge or shared tier. Beyond, it evicts, so that a log cannot fill this process. */
const recordsMax = { edge: 100_000, shared: 500_000 } as const;

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
    if (this.#records.size > this.#recordsMax) {
      this.#records.delete(this.#records.keys().next().value as string);
    }
    return { kind: "kept" };
  }

  remove({ text }: RecordKey): void {
    this.#records.delete(text);
  }
}

function bytesOf(record: ResponseRecord): number {
  return record.kind === "response" ? (record.stored.metadata.bodyBytes ?? 0) : 0;
}

/** The tiers of all colos and isolates. */
export class World {
  readonly shared: SimulatedTier;
  readonly #config: Config;
  readonly #isolateCount: number;
  readonly #colos = new Map<string, { readonly isolates: readonly Tiers[]; turn: number }>();

  constructor(config: Config, isolateCount: number) {
    this.#config = config;
    this.#isolateCount = isolateCount;
    this.shared = new SimulatedTier("shared", config.limits.sharedBodyBytes);
  }

  get coloCount(): number {
    return this.#colos.size;
  }

  get isolates(): readonly Tiers[] {
    return [...this.#colos.values()].flatMap(({ isolates }) => isolates);
  }

  /** Returns the tiers of a colo's next isolate: its isolates take turns. */
  isolateIn(name: string): Tiers {
    let colo = this.#colos.get(name);
    if (colo === undefined) this.#colos.set(name, (colo = this.#open()));
    colo.turn = (colo.turn + 1) % colo.isolates.length;
    return colo.isolates[colo.turn] as Tiers;
  }

  #open() {
    const edge = new SimulatedTier("edge", edgeBodyBytesMax);
    const isolates = Array.from({ length: this.#isolateCount }, () => {
      const bytesMax = this.#config.limits.memoryBytes;
      const memory = new MemoryTier<ResponseDetail>({ bytesMax, form: responseForm });
      return new TierStack<ResponseDetail>(memory, [edge, this.shared]);
    });
    return { isolates, turn: 0 };
  }
}
