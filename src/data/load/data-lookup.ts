// Adds the rules of data to a lookup: decodes records from lower tiers, and stops at a value that may answer.
import { lookUp, type LookupResult, type LookupPolicy } from "../../cache/lookup.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { bytesOf, discardBody } from "../../cache/record/record.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Tier, TierAsk, TierRead } from "../../cache/tiers/tier.ts";
import { tierScopes } from "../../config/tier-names.ts";
import type { Requester } from "../../purge/view/view-port.ts";
import { JoinedCalls } from "../../remote/joined-calls.ts";
import {
  type Candidate,
  type DataDetail,
  type DataRecord,
  decode,
  keepUntilAtMs,
} from "../value/data-record.ts";
import type { DataPorts } from "./data-ports.ts";
import type { DataTiers, DataPlace } from "../value/space.ts";
import { asCalled, asRead, type DataVerdict, hasForm, judge } from "./verdict.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export type DataRead = TierRead<DataDetail>;

/** A stored value and its verdict. */
export type FoundData = LookupResult<DataDetail, DataVerdict>;

/** Options of one lookup. */
export interface DataLookupOptions {
  /**
   * Returns whether a value ends the search. Default: a fresh value does; a stale value does if the
   * namespace has no `softTimeoutMs`.
   */
  readonly isEnough?: (found: FoundData) => boolean;
  /** Whether to read the primary, because Redis was just written. */
  readonly atPrimary?: boolean;
  /** The tiers to read. Default: the tiers of the namespace. */
  readonly used?: DataTiers;
}

/** One lookup. */
export class DataLookup implements LookupPolicy<DataDetail, DataVerdict> {
  readonly key: RecordKey;
  readonly used: DataTiers;
  /** The time for verdicts: first the time of arrival, then the end of the last wait. */
  atMs: number;
  readonly #place: DataPlace;
  readonly #ports: DataPorts;
  readonly #wish: DataLookupOptions;

  constructor(place: DataPlace, ports: DataPorts, wish: DataLookupOptions = {}) {
    this.#place = place;
    this.#ports = ports;
    this.#wish = wish;
    this.key = place.key;
    this.used = wish.used ?? ports.tiers.of(place.space.tiers);
    this.atMs = ports.nowAtMs();
  }

  /** Runs the lookup. Returns no promise if memory suffices. */
  found(): FoundData | undefined | Promise<FoundData | undefined> {
    return lookUp(this);
  }

  renewIfDue(): (() => Promise<void>) | undefined {
    return this.#ports.view.renewIfDue(this.#requester());
  }

  seek({ verdict, candidate }: FoundData): Promise<void> | undefined {
    if (verdict.kind !== "unusable" || verdict.by !== "unverified") return undefined;
    const called = asCalled(candidate.stored.metadata, this.#place.tags);
    return this.#ports.view.seek(this.#requester(), called);
  }

  hasWaited(): void {
    this.atMs = this.#ports.nowAtMs();
  }

  #requester(): Requester {
    const { afterAnswer } = this.#ports;
    return { atMs: this.atMs, host: this.key.host, afterAnswer };
  }

  underWay(): DataRecord | undefined {
    const stored = this.#ports.flights.get(this.key.text, this.atMs)?.outcome?.stored;
    return stored !== undefined && this.isCurrent(stored) ? stored : undefined;
  }

  inMemory(): DataRead {
    return this.#withTags(this.used.memory.read(this.key, this));
  }

  /** Gives a value the present tags of its namespace. Without them, it counts as absent. */
  #withTags(read: DataRead): DataRead {
    if (read.kind !== "found" || read.record.kind !== "response") return read;
    const { metadata: stored, body } = read.record.stored;
    const metadata = asRead(stored, this.#place);
    if (metadata === stored) return read;
    if (metadata !== undefined)
      return { kind: "found", record: { kind: "response", stored: { metadata, body } } };
    this.#ports.onBadRecord();
    return absent;
  }

  /** Joins the call of other lookups of this turn, if the tier reads several keys with one call. */
  readFrom(tier: Tier<DataDetail>): Promise<DataRead> {
    return this.#isReadAlone(tier) ? this.#readAlone(tier) : reads.joinOne(tier, this);
  }

  async readAll(all: readonly DataLookup[], tier: Tier<DataDetail>): Promise<readonly DataRead[]> {
    const alone = all.map((one) => (one.#isReadAlone(tier) ? one.#readAlone(tier) : undefined));
    const joined = all.filter((_, at) => alone[at] === undefined);
    const together = await reads.join(tier, joined);
    let nth = 0;
    const found: DataRead[] = [];
    for (const read of alone) found.push((await read) ?? together[nth++] ?? absent);
    return found;
  }

  #isReadAlone(tier: Tier<DataDetail>): boolean {
    return tier.readMany === undefined || this.#isAtPrimary;
  }

  async #readAlone(tier: Tier<DataDetail>): Promise<DataRead> {
    return this.taken(await tier.read(this.key, this.ask));
  }

  /** Decodes a read. Treats a record that cannot be decoded as absent. */
  taken(read: DataRead): DataRead | Promise<DataRead> {
    const failed = () => {
      this.#ports.onBadRecord();
      return absent;
    };
    this.hasWaited();
    try {
      const decoded = this.#decoded(read);
      if (!(decoded instanceof Promise)) return decoded;
      return decoded.catch(failed).finally(() => this.hasWaited());
    } catch {
      return failed();
    }
  }

  hasRead(_: Tier<DataDetail>, kind: DataRead["kind"]): void {
    const { space } = this.#place;
    if (kind === "unavailable") this.#ports.counts.counted(space.name, "unansweredReads");
  }

  get ask(): TierAsk<DataDetail> {
    const { afterAnswer } = this.#ports;
    const how = {
      part: "whole",
      isHeld,
      atPrimary: this.#isAtPrimary,
      waitsLongest: true,
      seesExpired: true,
    } as const;
    return { ...how, atMs: this.atMs, afterAnswer };
  }

  get #isAtPrimary(): boolean {
    const { allowanceMs, stores } = this.#ports;
    // A replica may lag behind a `set` of this isolate.
    const wasJustSet = isWithinMs(allowanceMs, stores.lastSetAtMs(this.key.text), this.atMs);
    return this.#wish.atPrimary ?? wasJustSet;
  }

  /** Throws the error of the codec. */
  #decoded(read: DataRead): DataRead | Promise<DataRead> {
    if (read.kind !== "found" || read.record.kind !== "response") return read;
    const { stored } = read.record;
    const { metadata, body } = stored;
    if (body.kind !== "blob" || !this.isCurrent(stored)) {
      discardBody(stored);
      return absent;
    }
    const withText = (text: string): DataRead => {
      decode(metadata, text, this.#place.space.codec);
      return this.#withTags(read);
    };
    if (body.text !== undefined) return withText(body.text);
    if (body.bytes !== undefined) return withText(decoder.decode(body.bytes));
    return bytesOf(body).then((bytes) => withText(decoder.decode(bytes)));
  }

  isCurrent({ metadata }: DataRecord): boolean {
    return hasForm(metadata, this.#place.space);
  }

  judge({ stored }: Candidate): DataVerdict {
    const { space, tags } = this.#place;
    return judge(stored.metadata, { space, tags, atMs: this.atMs, ports: this.#ports });
  }

  isEnough(found: FoundData): boolean {
    const { isEnough } = this.#wish;
    if (isEnough !== undefined) return isEnough(found);
    const { kind } = found.verdict;
    return kind === "fresh" || (kind === "stale" && this.#place.space.softTimeoutMs === 0);
  }

  isUseless({ verdict }: FoundData): boolean {
    return verdict.kind === "unusable" && verdict.by !== "unverified";
  }

  /** Writes memory synchronously, and the edge tier in the background. */
  putInto(above: readonly Tier<DataDetail>[], { candidate }: FoundData): void {
    const { afterAnswer } = this.#ports;
    const { stored, tier } = candidate;
    if (stored.body.kind !== "blob") return;
    const untilAtMs = keepUntilAtMs(stored.metadata);
    const keep = {
      atMs: this.atMs,
      untilAtMs,
      body: "new",
      // A value that the nearest tier below memory already has was used before, so memory may store it
      // even if it is large.
      isAskedAgain: tierScopes[tier] === "colo" || this.used.ofColo === undefined,
    } as const;
    for (const to of above) {
      const written = to.write(this.key, { kind: "response", stored }, keep);
      if (written instanceof Promise) afterAnswer(async () => void (await written));
    }
  }
}

/** Returns whether the value may answer, fresh or stale. */
export function isAnswer(found: FoundData | undefined): found is FoundData {
  return found !== undefined && found.verdict.kind !== "unusable";
}

const isHeld = () => true;
const absent = { kind: "absent" } as const;

/**
 * The keys of one call. Their values are in memory together: 22 MB as base64 at the default of
 * `limits.sharedBodyBytes`. Callers of `getMany` choose the number themselves.
 */
const keysMax = 16;

/** The reads of whole records from tiers with `readMany`. */
const reads = new JoinedCalls<Tier<DataDetail>, DataLookup, DataRead>(
  async (tier, lookups) => {
    const [first] = lookups;
    if (first === undefined) return [];
    const keys = lookups.map(({ key }) => key);
    const found =
      lookups.length === 1
        ? [await tier.read(first.key, first.ask)]
        : ((await tier.readMany?.(keys, first.ask)) ?? []);
    const taken: DataRead[] = [];
    for (const lookup of lookups) {
      const read = lookup.taken(found[taken.length] ?? absent);
      taken.push(read instanceof Promise ? await read : read);
    }
    return taken;
  },
  { countMax: keysMax },
);
