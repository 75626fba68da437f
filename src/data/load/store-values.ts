// Puts values into the tiers of their namespace: memory at once, Redis by one round trip for all.
import { cameOf, keep, takeOut, type ToKeep } from "../../cache/keep.ts";
import type { TierKeep, TierRecord } from "../../cache/tiers/tier.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierName } from "../../config/config.ts";
import { type DataDetail, type DataRecord, keepUntilAtMs } from "../value/data-record.ts";
import type { DataCounts } from "./data-counts.ts";
import type { DataTiers, Place } from "../value/place.ts";
import type { StoreOrder } from "./store-order.ts";

/** What became of one write. */
export interface Came {
  readonly tier: TierName;
  readonly key: RecordKey;
  /** `kept`, `unavailable`, or the rule by which it was refused. */
  readonly came: string;
}

/** What values are stored with. */
export interface StorePorts {
  readonly tiers: DataTiers;
  readonly stores: StoreOrder;
  readonly counts: DataCounts;
  readonly nowAtMs: () => number;
  /** Was the key written without its purge being accepted? Then nothing of it is used or stored. */
  readonly isHeldBack: (place: Place) => boolean;
  /** Told of each write, where somebody wants to know. */
  readonly onWritten?: (written: Came) => void;
}

/** A value to be stored, and when its load began (`StoreOrder`). */
export interface ToStore {
  readonly place: Place;
  readonly record: DataRecord;
  readonly order: number;
}

/**
 * Memory holds them when this returns. What began before something that is stored is left out.
 *
 * @returns the tiers that keep all of them, once all writes are over; never rejects
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
  const names = first.place.space.tiers;
  const records = wanted.map(({ place, record }) => ({
    key: place.key,
    record: { kind: "response", stored: record } as const,
    untilAtMs: keepUntilAtMs(record.metadata),
  }));
  const upper = [tiers.memory, tiers.edge].filter((tier) => tier !== undefined);
  const how = { atMs, body: "new" } as const;
  const inUpper = keep(
    records,
    upper.filter(({ name }) => names.includes(name)),
    how,
  );
  const inShared = names.includes("shared") ? writeShared(records, how, tiers) : [];
  const writes = [...(await inUpper), ...(await inShared)];
  for (const written of writes) {
    counts.wrote(first.place.space.name, written.tier, written.came);
    ports.onWritten?.(written);
  }
  await endOlder(writes, wanted, ports);
  return names.filter((name) => {
    const ofTier = writes.filter(({ tier }) => tier === name);
    return ofTier.length > 0 && ofTier.every(({ came }) => came === "kept");
  });
}

/**
 * What a tier refuses, such as a large value, leaves nothing older there to answer in its place. Nor does
 * what was overtaken on its way by something newer: it may have arrived last.
 */
async function endOlder(
  writes: readonly Came[],
  stored: readonly ToStore[],
  { tiers, stores }: StorePorts,
): Promise<void> {
  const overtaken = stored.filter(({ place, order }) => !stores.mayStore(place.key.text, order));
  const keys = new Set(overtaken.map(({ place }) => place.key));
  await takeOut(
    writes.flatMap(({ tier: name, key, came }) => {
      const tier = tiers[name];
      if (tier === undefined || name === "memory") return [];
      const isRefused = came !== "kept" && came !== "unavailable";
      return isRefused || keys.has(key) ? [[tier, key] as const] : [];
    }),
  );
}

/** Their source has something newer, which is not stored: memory is without them when this returns. */
export async function endValues(
  places: readonly Place[],
  { tiers }: Pick<StorePorts, "tiers">,
): Promise<void> {
  const all = [tiers.memory, tiers.edge, tiers.shared].filter((tier) => tier !== undefined);
  await takeOut(
    places.flatMap(({ key, space }) =>
      all.filter(({ name }) => space.tiers.includes(name)).map((tier) => [tier, key] as const),
    ),
  );
}

async function writeShared(
  records: readonly ToKeep<TierRecord<DataDetail>>[],
  how: Omit<TierKeep, "untilAtMs">,
  { shared }: DataTiers,
): Promise<readonly Came[]> {
  const writes = records.map(({ key, record, untilAtMs }) => {
    return [key, record, { ...how, untilAtMs }] as const;
  });
  const written = (await shared?.writeMany(writes)) ?? [];
  return records.flatMap(({ key }, at) => {
    const came = written[at];
    return came === undefined ? [] : [{ tier: "shared", key, came: cameOf(came) } as const];
  });
}
