// Looks a request up: own flights and memory at once, then the edge and the shared tier in order;
// what a lower tier had is put into those above it.
import { selects } from "../../http/selecting.ts";
import { isErrorStatus } from "../../http/fields.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import type { RecordKey } from "../../cache/record-key.ts";
import {
  isSmall,
  type Tier,
  type TierAsk,
  type TierRead,
  type TierRecord,
  type VaryMarker,
} from "../../cache/tiers/tier.ts";
import { variantKey } from "../request/key.ts";
import {
  isAlwaysValidated,
  isKept,
  keepUntilAtMs,
  type Terms,
  termsOf,
} from "../stored/lifetime.ts";
import { policyOf } from "./need.ts";
import type { Asked } from "../request/plan.ts";
import type { Ports } from "../ports.ts";
import { placeOf, placeOfVariants } from "./shared-odds.ts";
import { clientHasIt, rangeIn } from "../request/conditions.ts";
import { discardBody } from "../../cache/record.ts";
import { isNewAmongSeveral, newestMarker } from "../storing/variants.ts";
import type { Candidate, MissReason } from "./verdict.ts";

export interface LookUp {
  readonly asked: Asked;
  readonly atMs: number;
  /** Would this one answer? If not, a lower tier may hold one that is younger. */
  readonly accepts: (candidate: Candidate) => boolean;
  /** The shared tier is known to have just been written. */
  readonly atPrimary?: boolean;
  /** The shared tier need not be asked where it hardly ever has what would be of use. */
  readonly mayPassOver?: boolean;
}

export interface LookedUp {
  /** The first acceptable response, else the youngest found, else why there is none. */
  readonly found: Candidate | MissReason;
  /** Under which a forward for this request is collapsed. */
  readonly key: RecordKey;
  /** The marker that was followed; `undefined` if there is none. */
  readonly marker: VaryMarker | undefined;
  /** What came of it in the shared tier, where this colo has nothing that answers. */
  readonly inShared: InShared | undefined;
  /** `changeCount` of the memory tier before it was read under this key; `undefined` if it was not. */
  readonly memoryCount: number | undefined;
}

export type InShared = "nothing" | "passed-over";

/** Answers without a promise where no tier below memory has to be asked. */
export function lookUp(ask: LookUp, ports: Ports): LookedUp | Promise<LookedUp> {
  const search = new Search(ask, ports);
  search.inFlights();
  search.inMemory();
  if (search.isDone) return search.result();
  const soFar = search.result();
  const isHopeless = ports.uncacheable.has(soFar.key.text, ask.atMs);
  return isHopeless ? soFar : search.below();
}

class Search {
  readonly #ask: LookUp;
  readonly #ports: Ports;
  #marker: VaryMarker | undefined;
  #best: Candidate | undefined;
  #inShared: InShared | undefined;
  /** Of memory's changes, when this began. */
  readonly #beganAtCount: number;
  #hadInMemory = false;
  #memoryCount: number | undefined;
  /** The edge tier has told that it has nothing. */
  #isNewToColo = false;
  isDone = false;

  constructor(ask: LookUp, ports: Ports) {
    this.#ask = ask;
    this.#ports = ports;
    this.#beganAtCount = ports.tiers.memory.changeCount;
  }

  result(): LookedUp {
    const missed = this.#marker === undefined ? "uri-miss" : "vary-miss";
    return {
      found: this.#best ?? missed,
      key: this.#key(),
      marker: this.#marker,
      inShared: this.#inShared,
      memoryCount: this.#memoryCount,
    };
  }

  #key(): RecordKey {
    const { key, forwarded } = this.#ask.asked;
    return variantKey(key, this.#marker?.names ?? [], forwarded);
  }

  /** A fill is there for its own isolate as soon as it is complete, and for as long as in a tier. */
  inFlights(): void {
    const { asked, atMs } = this.#ask;
    const stored = this.#ports.flights.get(this.#key().text, atMs)?.stored;
    if (stored === undefined || !selects(stored.metadata.selecting, asked.forwarded)) return;
    const policy = policyOf({ asked, ports: this.#ports });
    if (!isKept(stored.metadata, policy, atMs)) return;
    this.#consider({ stored, tier: "memory", key: this.#key() });
  }

  inMemory(): void {
    const { asked } = this.#ask;
    if (this.isDone || !asked.route.tiers.includes("memory")) return;
    const { memory } = this.#ports.tiers;
    let read = this.#counted("memory", memory.read(this.#key(), this.#ask));
    if (this.#follow(read)) {
      this.inFlights();
      read = this.#counted("memory", memory.read(this.#key(), this.#ask));
    }
    this.#take(read, "memory");
    this.#hadInMemory = read.kind === "found";
    this.#memoryCount = this.#beganAtCount;
  }

  async below(): Promise<LookedUp> {
    const { tiers } = this.#ports;
    for (const tier of [tiers.edge, tiers.shared]) {
      if (tier === undefined || !this.#ask.asked.route.tiers.includes(tier.name)) continue;
      if (tier === tiers.shared && this.#isOfNoUse()) this.#passOver();
      else if (tier === tiers.shared && this.#isNewToColo) await this.#inSharedIfLikely(tier);
      else {
        const came = await this.#in(tier);
        this.#isNewToColo = tier === tiers.edge && came === "absent" && this.#best === undefined;
      }
      if (this.isDone) break;
    }
    return this.result();
  }

  #hasNothing(): boolean {
    return this.#best === undefined && this.#marker === undefined;
  }

  /** Others with unknown cookies have just got what this one may not have. */
  #isOfNoUse(): boolean {
    const { asked, atMs, mayPassOver = false } = this.#ask;
    if (!mayPassOver || !asked.hasUnknownCookie) return false;
    return this.#ports.uncacheable.hasForSessions(this.#key().text, atMs);
  }

  #passOver(): void {
    this.#inShared = "passed-over";
    this.#ports.metrics.tierRead("shared", this.#inShared);
  }

  async #inSharedIfLikely(shared: Tier): Promise<void> {
    if (this.#marker !== undefined) return this.#variantInShared(shared, this.#marker);
    const { sharedOdds } = this.#ports;
    const { asked, mayPassOver = false } = this.#ask;
    const place = placeOf(asked);
    if (mayPassOver && !sharedOdds.isWorthAsking(place)) return this.#passOver();
    const came = await this.#in(shared);
    if (!this.#hasNothing()) sharedOdds.brought(place, "something");
    else if (came === "absent") this.#inShared = "nothing";
  }

  /** Anybody can make up values of the fields that select. */
  async #variantInShared(shared: Tier, marker: VaryMarker): Promise<void> {
    const { sharedOdds } = this.#ports;
    const { asked, atMs, mayPassOver = false } = this.#ask;
    const place = placeOfVariants(asked);
    const isNew = isNewAmongSeveral(this.#key(), marker, atMs);
    if (isNew && mayPassOver && !sharedOdds.isWorthAsking(place)) return this.#passOver();
    const came = await this.#in(shared);
    if (came === "found") sharedOdds.brought(place, "something");
    else if (isNew && came === "absent") sharedOdds.brought(place, "nothing");
  }

  async #in(tier: Tier): Promise<TierRead["kind"]> {
    const { asked } = this.#ask;
    const part = mayNeedNoBody(asked) ? "metadata" : "whole";
    let read = await this.#read(tier, part);
    if (this.#follow(read)) {
      this.#memoryCount = undefined;
      this.inFlights();
      if (this.isDone) return "found";
      read = await this.#read(tier, part);
    }
    if (isWithoutBody(read) && !this.#answersWithoutBody(read.record.stored, tier)) {
      read = await this.#read(tier, "whole");
    }
    const before = this.#best;
    this.#take(read, tier.name);
    if (this.isDone && this.#best !== before) this.#backfill(tier);
    return read.kind;
  }

  async #read(tier: Tier, part: TierAsk["part"]): Promise<TierRead> {
    const { asked, atMs, atPrimary = false } = this.#ask;
    const { afterAnswer, lifts } = this.#ports;
    // A body that proved needful after all goes into a tier again, also for HEAD.
    const isNeeded = part === "whole" && mayNeedNoBody(asked);
    const isForMemory = asked.route.tiers.includes("memory");
    let isLifted = false;
    const isHeld = (metadata: StoredMetadata) => {
      if (isSmall(metadata)) return metadata.awaitsSecondAsk === true || isNeeded || isForMemory;
      isLifted = isForMemory && this.#mayAnswer(metadata, tier) && lifts.begin(metadata, atMs);
      return isLifted;
    };
    // What would have to be validated is read whole, to be stored anew.
    const rangeOf = (metadata: StoredMetadata) => {
      const range = rangeIn(asked, metadata);
      return range.kind === "part" && this.#mayAnswer(metadata, tier) ? range : undefined;
    };
    const wanted = { atMs, part, isHeld, rangeOf, atPrimary, afterAnswer };
    const read = await tier.read(this.#key(), wanted);
    if (isLifted) lifts.end();
    return this.#counted(tier.name, read);
  }

  #counted(tier: Candidate["tier"], read: TierRead): TierRead {
    this.#ports.metrics.tierRead(tier, read.kind);
    return read;
  }

  /** @returns whether a marker told which variant to read next; it is followed once */
  #follow(read: TierRead): boolean {
    if (read.kind !== "found" || read.record.kind !== "vary" || this.#marker !== undefined)
      return false;
    this.#marker = read.record;
    return true;
  }

  #take(read: TierRead, tier: Candidate["tier"]): void {
    if (read.kind !== "found" || read.record.kind !== "response") return;
    const { stored } = read.record;
    const { requestedAtMs } = stored.metadata;
    if (requestedAtMs < (this.#marker?.sinceAtMs ?? -Infinity)) return discardBody(stored);
    this.#consider({ stored, tier, key: this.#key() });
  }

  #consider(candidate: Candidate): void {
    const best = this.#best?.stored.metadata.respondedAtMs ?? -Infinity;
    if (candidate.stored.metadata.respondedAtMs <= best) return discardBody(candidate.stored);
    discardBody(this.#best?.stored);
    this.#best = candidate;
    // What is always validated is no fresher in a lower tier.
    this.isDone = this.#ask.accepts(candidate) || isAlwaysValidated(this.#termsOf(candidate));
  }

  #termsOf({ stored }: Candidate): Terms {
    return termsOf(stored.metadata, policyOf({ asked: this.#ask.asked, ports: this.#ports }));
  }

  /** A 304 or the answer to HEAD is made of metadata alone. */
  #answersWithoutBody(stored: StoredResponse, tier: Tier): boolean {
    const { asked } = this.#ask;
    const { metadata } = stored;
    if (!this.#mayAnswer(metadata, tier)) return false;
    return asked.method === "HEAD" || clientHasIt(asked, metadata);
  }

  #mayAnswer(metadata: StoredMetadata, { name: tier }: Tier): boolean {
    const stored: StoredResponse = { metadata, body: { kind: "absent" } };
    return this.#ask.accepts({ stored, tier, key: this.#key() });
  }

  #backfill(from: Tier): void {
    const { asked, atMs } = this.#ask;
    const { tiers, afterAnswer } = this.#ports;
    const best = this.#best;
    // What came meanwhile is younger than what a lower tier had then.
    if (best === undefined || tiers.memory.hasChanged(this.#key(), this.#beganAtCount)) return;
    const { stored } = best;
    // What memory cannot take leaves nothing older there to answer in its place.
    if ("stream" in stored.body && this.#hadInMemory) tiers.memory.remove(this.#key());
    if (stored.body.kind !== "blob") return;
    const untilAtMs = keepUntilAtMs(stored.metadata, this.#termsOf(best));
    const leadsToError = isErrorStatus(stored.metadata.status);
    const isAskedAgain = from.name === "edge";
    const keep = { atMs, untilAtMs, body: "new", isAskedAgain, leadsToError } as const;
    const records: [RecordKey, TierRecord][] = [[this.#key(), { kind: "response", stored }]];
    const marker = this.#marker && newestMarker(asked.key, this.#marker, this.#ports);
    if (marker !== undefined) records.push([asked.key, marker]);
    for (const tier of [tiers.memory, tiers.edge]) {
      if (tier.name === from.name) break;
      if (!asked.route.tiers.includes(tier.name)) continue;
      for (const [key, record] of records) {
        const written = tier.write(key, record, keep);
        if (written instanceof Promise) afterAnswer(async () => void (await written));
      }
    }
  }
}

export function mayNeedNoBody({ method, conditions }: Asked): boolean {
  const isConditional = conditions.has("if-none-match") || conditions.has("if-modified-since");
  return method === "HEAD" || isConditional;
}

function isWithoutBody(
  read: TierRead,
): read is { kind: "found"; record: { kind: "response"; stored: StoredResponse } } {
  return (
    read.kind === "found" &&
    read.record.kind === "response" &&
    read.record.stored.body.kind === "absent"
  );
}
