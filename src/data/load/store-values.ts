// Writes values to the tiers of their namespace: memory synchronously, Redis by one round trip.
import { resultOf, keep, takeOut, type ToKeep } from "../../cache/keep.ts";
import type { Tier, TierKeep, TierRecord } from "../../cache/tiers/tier.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierName } from "../../config/tier-names.ts";
import { type DataDetail, type DataRecord, keepUntilAtMs } from "../value/data-record.ts";
import type { DataCounts } from "./data-counts.ts";
import type { DataTiers, Place } from "../value/place.ts";
import type { StoreOrder } from "./store-order.ts";

/** The result of one write. */
export interface WriteResult {
  readonly tier: TierName;
  readonly key: RecordKey;
  /** `kept`, `unavailable`, or the rule that refused it. */
  readonly came: string;
}

/** The dependencies of storing. */
export interface StorePorts {
  readonly tiers: DataTiers;
  readonly stores: StoreOrder;
  readonly counts: DataCounts;
  readonly nowAtMs: () => number;
  /** Tells whether the key was written without an accepted purge. Its values are then neither used nor stored. */
  readonly isHeldBack: (place: Place) => boolean;
  /** Called after each write. */
  readonly onWritten?: (written: WriteResult) => void;
}

/** A value to store, with the order of its load (`StoreOrder`). */
export interface ToStore {
  readonly place: Place;
  readonly record: DataRecord;
  readonly order: number;
}

/**
 * Stores values, except those overtaken by a later one. Memory holds them when this returns.
 *
 * @returns the tiers that hold all of them, once all writes are done; never rejects
 */
export async function storeValues(
  given: readonly ToStore[],
  ports: StorePorts,
): Promise<readonly TierName[]> {
  const { tiers, stores, counts } = ports;
  const atMs = ports.nowAtMs();
  const wanted = given.filter(({ place, order }) => {
    return !ports.isHeldBack(place) && stores.mayStore(place.key.text, order);
  });
  const [first] = wanted;
  if (first === undefined) return [];
  const { all } = tiers.of(first.place.space.tiers);
  const records = wanted.map(({ place, record }) => ({
    key: place.key,
    record: { kind: "response", stored: record } as const,
    untilAtMs: keepUntilAtMs(record.metadata),
  }));
  const how = { atMs, body: "new" } as const;
  const writing = all.map((tier) => writeTo(tier, records, how));
  const writes = (await Promise.all(writing)).flat();
  for (const written of writes) {
    counts.wrote(first.place.space.name, written.tier, written.came);
    ports.onWritten?.(written);
  }
  await endOlder(writes, wanted, ports);
  return all
    .map(({ name }) => name)
    .filter((name) => writes.every(({ tier, came }) => tier !== name || came === "kept"));
}

/**
 * Removes keys from tiers that refused the new value, such as a large one, because an older one could answer.
 * Also removes values that were overtaken during the write, because they may have arrived last.
 */
async function endOlder(
  writes: readonly WriteResult[],
  stored: readonly ToStore[],
  { tiers, stores }: StorePorts,
): Promise<void> {
  const overtaken = stored.filter(({ place, order }) => !stores.mayStore(place.key.text, order));
  const keys = new Set(overtaken.map(({ place }) => place.key));
  const older = writes.filter(({ key, came }) => {
    const isRefused = came !== "kept" && came !== "unavailable";
    return isRefused || keys.has(key);
  });
  await takeOut(
    tiers.below.flatMap((below) =>
      older.filter(({ tier }) => tier === below.name).map(({ key }) => [below, key] as const),
    ),
  );
}

/** Removes values whose newer version is not stored. Memory has removed them when this returns. */
export async function endValues(
  places: readonly Place[],
  { tiers }: Pick<StorePorts, "tiers">,
): Promise<void> {
  await takeOut(
    places.flatMap(({ key, space }) =>
      tiers.of(space.tiers).all.map((tier) => [tier, key] as const),
    ),
  );
}

/** Uses one round trip if the tier supports it. */
async function writeTo(
  tier: Tier<DataDetail>,
  records: readonly ToKeep<TierRecord<DataDetail>>[],
  how: Omit<TierKeep, "untilAtMs">,
): Promise<readonly WriteResult[]> {
  if (tier.writeMany === undefined) return keep(records, [tier], how);
  const written = await tier.writeMany(
    records.map(({ key, record, untilAtMs }) => [key, record, { ...how, untilAtMs }] as const),
  );
  return records.flatMap(({ key }, at) => {
    const came = written[at];
    return came === undefined ? [] : [{ tier: tier.name, key, came: resultOf(came) }];
  });
}
