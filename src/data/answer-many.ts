// Answers a call for several keys, with one command to Redis and one load for all missing keys.
import type { RecordKey } from "../cache/record/record-key.ts";
import type { Tier } from "../cache/tiers/tier.ts";
import { type Ask, type Step, stepAfter } from "./answer.ts";
import type { CallResult, LoadNeed } from "./load/load-outcome.ts";
import { storedSince, loadOne, type LoadingPorts } from "./load/loading.ts";
import type { DataDetail } from "./value/data-record.ts";
import type { DataTiers, Place } from "./value/place.ts";
import { waitingFor } from "./load/waits.ts";
import { isUnderWay, leadTogether, refreshBehind } from "./load/refresh.ts";
import {
  type DataRead,
  DataSearch,
  type FoundData,
  type SearchPorts,
  type SearchOptions,
} from "./load/search.ts";

/** A call for more keys than this skips the Cache API, which needs one call for each key. */
const coloKeysMax = 32;

/**
 * Looks up several keys. One command reads from Redis the keys that the tiers above lack.
 *
 * @param places all of one namespace
 */
export async function lookUpMany(
  places: readonly Place[],
  ports: SearchPorts,
  wish: Pick<SearchOptions, "isEnough"> = {},
): Promise<readonly (FoundData | undefined)[]> {
  const [first] = places;
  if (first === undefined) return [];
  const ofSpace = ports.tiers.of(first.space.tiers);
  const used = places.length > coloKeysMax ? ofSpace.withoutColo() : ofSpace;
  const reads = new ReadsTogether(places, used, ports);
  const readTogether: SearchOptions["readTogether"] = (tier, key) => reads.read(tier, key);
  const looks = places.map(async (place) => {
    const found = await new DataSearch(place, ports, { ...wish, readTogether, used }).found();
    reads.decided(place.key);
    return found;
  });
  return Promise.all(looks);
}

/** Batches reads of one tier. Sends the batch once each lookup has requested a read or ended. */
class ReadsTogether {
  readonly #ports: SearchPorts;
  readonly #tier: Tier<DataDetail> | undefined;
  readonly #undecided: Set<string>;
  readonly #reads: { key: RecordKey; resolve: (read: DataRead) => void }[] = [];

  constructor(places: readonly Place[], { below }: DataTiers, ports: SearchPorts) {
    this.#tier = below.find((tier) => tier.readMany !== undefined);
    this.#ports = ports;
    this.#undecided = new Set(places.map(({ key }) => key.text));
  }

  /** Adds a read to the batch. Returns `undefined` for a tier whose reads are not batched. */
  read(tier: Tier<DataDetail>, key: RecordKey): Promise<DataRead> | undefined {
    if (tier !== this.#tier) return undefined;
    const { promise, resolve } = Promise.withResolvers<DataRead>();
    this.#reads.push({ key, resolve });
    this.decided(key);
    return promise;
  }

  decided({ text }: RecordKey): void {
    if (this.#undecided.delete(text) && this.#undecided.size === 0) void this.#flush();
  }

  async #flush(): Promise<void> {
    const { nowAtMs, afterAnswer } = this.#ports;
    const keys = this.#reads.map(({ key }) => key);
    if (keys.length === 0) return;
    const reads = (await this.#tier?.readMany?.(keys, { atMs: nowAtMs(), afterAnswer })) ?? [];
    for (const [at, { resolve }] of this.#reads.entries()) resolve(reads[at] ?? { kind: "absent" });
  }
}

/**
 * Answers several keys. Missing keys that no other call is loading share one load. For the other
 * missing keys, this call uses the results of the loads that are already under way.
 *
 * @param places distinct, and all of one namespace
 * @returns one result for each place, in order
 */
export async function answeredMany(
  places: readonly Place[],
  how: Omit<Ask, "place">,
  ports: LoadingPorts,
): Promise<readonly (CallResult | undefined)[]> {
  const found = await lookUpMany(places, ports);
  const steps = places.map((place, at) => stepAfter(found[at], { ...how, place }, ports));
  const needs = steps.flatMap((step) => (step.kind === "load" ? [step.need] : []));
  const isOwn = (need: LoadNeed) =>
    !isUnderWay(need, ports) && storedSince(need, ports) === undefined;
  const own = needs.filter(isOwn);
  const others = needs.filter((need) => !own.includes(need));
  const loads = own.length === 0 ? [] : leadTogether(own, ports);
  const answers = new Map<LoadNeed, Promise<CallResult> | undefined>([
    ...loads.map(({ need, answer }) => [need, waitingFor(need.place, answer)] as const),
    ...others.map((need) => [need, loadOne(need, ports)] as const),
  ]);
  refreshBehind(
    steps.flatMap((step) => (step.kind === "give" && step.refresh ? [step.refresh] : [])),
    ports,
  );
  const givenBy = (step: Step) => {
    if (step.kind === "nothing") return undefined;
    return step.kind === "give" ? step.given : answers.get(step.need);
  };
  return Promise.all(steps.map(async (step) => givenBy(step)));
}
