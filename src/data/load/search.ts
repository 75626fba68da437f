// What data adds to a look-up: records are decoded as they come from a lower tier, and a value that may
// answer ends it.
import { find, type Finding, type Found, type Sought } from "../../cache/find.ts";
import { discardBody } from "../../cache/record/record.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Tier, TierRead } from "../../cache/tiers/tier.ts";
import { tierScopes } from "../../config/tier-names.ts";
import type { PurgeView } from "../../purge/view/view.ts";
import {
  type Candidate,
  type DataDetail,
  type DataRecord,
  decode,
  keepUntilAtMs,
} from "../value/data-record.ts";
import type { DataFlights } from "./load-outcome.ts";
import type { DataTiers, Place } from "../value/place.ts";
import { type DataVerdict, hasForm, judge, type VerdictPorts } from "./verdict.ts";

/** What a look-up works with. */
export interface SearchPorts extends VerdictPorts {
  readonly tiers: DataTiers;
  readonly view: Pick<PurgeView, "judge" | "attend" | "seek">;
  /** Those of this isolate, which may have brought it just now. */
  readonly flights: Pick<DataFlights, "get">;
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  readonly onBadRecord: () => void;
}

export type DataRead = TierRead<DataDetail>;

/** A value that is stored, and the verdict on it. */
export type FoundData = Found<DataDetail, DataVerdict>;

/** How one look-up differs from the usual one. */
export interface Wish {
  /** Ends the search. By default a fresh value, and a stale one where nobody waits for a load. */
  readonly isEnough?: (found: FoundData) => boolean;
  /** Reads a tier for several look-ups at once. */
  readonly readTogether?: (tier: Tier<DataDetail>, key: RecordKey) => Promise<DataRead> | undefined;
  /** Redis is known to have just been written. */
  readonly atPrimary?: boolean;
  /** Those that are asked; those of the namespace unless set. */
  readonly used?: DataTiers;
}

/** One look-up. */
export class DataSearch implements Sought<DataDetail, DataVerdict> {
  readonly key: RecordKey;
  readonly used: DataTiers;
  /** Of the verdicts: of arrival, then of the end of the last wait. */
  atMs: number;
  readonly #place: Place;
  readonly #ports: SearchPorts;
  readonly #wish: Wish;

  constructor(place: Place, ports: SearchPorts, wish: Wish = {}) {
    this.#place = place;
    this.#ports = ports;
    this.#wish = wish;
    this.key = place.key;
    this.used = wish.used ?? ports.tiers.of(place.space.tiers);
    this.atMs = ports.nowAtMs();
  }

  /** @returns no promise where memory has what is enough; a value in doubt is judged by a newer view */
  found(): FoundData | undefined | Promise<FoundData | undefined> {
    const { view, afterAnswer, nowAtMs } = this.#ports;
    const renewed = view.attend({ atMs: this.atMs, host: this.key.host, afterAnswer });
    if (renewed === undefined) return this.#looked();
    // What an old view cannot verify would be looked for further down, and loaded.
    return renewed().then(() => {
      this.atMs = nowAtMs();
      return this.#looked();
    });
  }

  #looked(): FoundData | undefined | Promise<FoundData | undefined> {
    const found = find(this);
    if (found instanceof Promise) return found.then((below) => this.#settled(below));
    return isInDoubt(found) ? this.#settled(found) : found;
  }

  async #settled(found: FoundData | undefined): Promise<FoundData | undefined> {
    if (found === undefined || !isInDoubt(found)) return found;
    const { view, afterAnswer } = this.#ports;
    const { stamp } = found.candidate.stored.metadata;
    await view.seek({ atMs: this.atMs, host: this.key.host, afterAnswer }, stamp);
    this.atMs = this.#ports.nowAtMs();
    return { candidate: found.candidate, verdict: this.judge(found.candidate) };
  }

  underWay(): DataRecord | undefined {
    const stored = this.#ports.flights.get(this.key.text, this.atMs)?.outcome?.stored;
    return stored !== undefined && this.isCurrent(stored) ? stored : undefined;
  }

  inMemory(): DataRead {
    return this.used.memory.read(this.key, this);
  }

  async readFrom(tier: Tier<DataDetail>): Promise<DataRead> {
    const read = await this.#read(tier);
    const current = await this.#decoded(read);
    this.atMs = this.#ports.nowAtMs();
    return current;
  }

  #read(tier: Tier<DataDetail>): DataRead | Promise<DataRead> {
    const { afterAnswer } = this.#ports;
    const { readTogether, atPrimary = false } = this.#wish;
    const together = readTogether?.(tier, this.key);
    if (together !== undefined) return together;
    const isHeld = () => true;
    return tier.read(this.key, { atMs: this.atMs, part: "whole", isHeld, atPrimary, afterAnswer });
  }

  /** What cannot be decoded counts as not stored. */
  async #decoded(read: DataRead): Promise<DataRead> {
    if (read.kind !== "found" || read.record.kind !== "response") return read;
    const { stored } = read.record;
    const { metadata, body } = stored;
    const isReadable = body.kind === "blob" && this.isCurrent(stored);
    try {
      if (isReadable) decode(metadata, await body.blob.text(), this.#place.space.codec);
    } catch {
      this.#ports.onBadRecord();
      return { kind: "absent" };
    }
    if (isReadable) return read;
    discardBody(stored);
    return { kind: "absent" };
  }

  async ask(tier: Tier<DataDetail>, finding: Finding<DataDetail, DataVerdict>): Promise<void> {
    await finding.lookIn(tier);
  }

  /** No record of data leads to another. */
  follow(): boolean {
    return false;
  }

  isCurrent({ metadata }: DataRecord): boolean {
    return hasForm(metadata, this.#place.space);
  }

  isHopeless(): boolean {
    return false;
  }

  judge({ stored }: Candidate): DataVerdict {
    const { space } = this.#place;
    return judge(stored.metadata, { space, atMs: this.atMs, ports: this.#ports });
  }

  isEnough(found: FoundData): boolean {
    const { isEnough } = this.#wish;
    if (isEnough !== undefined) return isEnough(found);
    const { kind } = found.verdict;
    return kind === "fresh" || (kind === "stale" && this.#place.space.softTimeoutMs === 0);
  }

  /** Memory has it when this returns; the edge tier is written behind the answer. */
  putInto(above: readonly Tier<DataDetail>[], { candidate }: FoundData): void {
    const { afterAnswer } = this.#ports;
    const { stored, tier } = candidate;
    const untilAtMs = keepUntilAtMs(stored.metadata);
    const keep = {
      atMs: this.atMs,
      untilAtMs,
      body: "new",
      isAskedAgain: tierScopes[tier] === "colo",
    } as const;
    for (const to of above) {
      const written = to.write(this.key, { kind: "response", stored }, keep);
      if (written instanceof Promise) afterAnswer(async () => void (await written));
    }
  }
}

/** Does it answer by its verdict, fresh or stale? */
export function isAnswer(found: FoundData | undefined): found is FoundData {
  return found !== undefined && found.verdict.kind !== "unusable";
}

function isInDoubt(found: FoundData | undefined): boolean {
  return found?.verdict.kind === "unusable" && found.verdict.by === "unverified";
}
