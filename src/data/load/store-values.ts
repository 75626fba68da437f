// Writes values to the tiers of their namespace: memory synchronously, Redis with a round trip for up to 256.
import { OperatorError } from "../../base/operator-error.ts";
import { resultOf, removeFromTiers } from "../../cache/write-tiers.ts";
import type { NewerRecords } from "../../cache/record/record.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Tier, TierKeep, TierRecord, TierWrite } from "../../cache/tiers/tier.ts";
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import { JoinedCalls } from "../../remote/joined-calls.ts";
import { writeMsMax } from "../../remote/latency-bound.ts";
import { type DataDetail, type DataRecord, keepUntilAtMs } from "../value/data-record.ts";
import type { DataPlace } from "../value/space.ts";
import type { DataPorts, WriteResult } from "./data-ports.ts";

/** A value to store, with the order of its load (`StoreOrder`). */
export interface ToStore {
  readonly place: DataPlace;
  readonly record: DataRecord;
  readonly order: number;
  /**
   * Present for a loaded value, with the stored value that the load has replaced. In Redis, a loaded
   * value replaces no other value with an equal stamp (docs/internals/purge-protocol-data.md, rule 28 c).
   */
  readonly loaded?: { readonly over: NewerRecords["seen"] } | undefined;
  /** As in `TierKeep`. */
  readonly isAtEnd?: boolean | undefined;
  /** The result in the tier of all colos, if the journal has written the value there (`Tier.prepared`). */
  readonly inWorld?: TierWrite | undefined;
}

/**
 * Stores values, except values that a later value has overtaken, and values of held keys. Memory holds the values as
 * soon as this function has returned its promise.
 *
 * @returns the tiers that hold all of the values, once all writes have ended; never rejects
 */
export async function storeValues(
  given: readonly ToStore[],
  ports: DataPorts,
): Promise<readonly TierName[]> {
  const { tiers, stores, counts } = ports;
  const atMs = ports.nowAtMs();
  const wanted = given.filter(
    ({ place, order }) =>
      ports.holdOn(place) === undefined && stores.mayStore(place.key.text, order),
  );
  const [first] = wanted;
  if (first === undefined) return [];
  const { all, below } = tiers.of(first.place.space.tiers);
  // Without a tier below, memory has to take a large value at its first use.
  const how = { atMs, isAskedAgain: below.length === 0 };
  const records = wanted.map((value) => writeOf(value, how));
  const isLarge = (first.record.metadata.bodyBytes ?? 0) > joinedBytesMax;
  const isAlone = records.length === 1 && (isLarge || first.loaded === undefined);
  const writing = all.map((tier) => {
    if (first.inWorld !== undefined && tier === tiers.ofWorld) return [first.inWorld];
    if (tier.writeMany === undefined || isAlone)
      return records.map((record) => tier.write(...record));
    const [only] = records;
    if (records.length > 1 || only === undefined) return tier.writeMany(records);
    return [joinedWrites.joinOne(tier, only)];
  });
  const writes: WriteResult[] = [];
  // By index: most calls have one value, and iterators would cost more than the rest.
  for (let at = 0; at < all.length; at += 1) {
    const tier = all[at]!.name;
    const own = writing[at] ?? [];
    const results = own instanceof Promise ? await own : own;
    for (let nth = 0; nth < wanted.length; nth += 1) {
      const { place } = wanted[nth]!;
      const result = results[nth];
      const written = result instanceof Promise ? await result : result;
      if (written === undefined) continue;
      const write = { tier, key: place.key, result: resultOf(written) };
      counts.wrote(place.space.name, tier, write.result);
      ports.onWritten?.(write);
      writes.push(write);
    }
  }
  if (writes.some(({ result }) => result === "too-large")) noteTooLarge(writes, wanted, ports);
  const older = olderIn(writes, wanted, ports);
  if (older.length > 0) await removeFromTiers(older);
  return all
    .map(({ name }) => name)
    .filter((name) => writes.every(({ tier, result }) => tier !== name || result === "kept"));
}

/** Returns the arguments that write a value to a tier. */
export function writeOf(
  { place, record: stored, loaded, isAtEnd }: Omit<ToStore, "order">,
  how: Pick<TierKeep, "atMs" | "isAskedAgain">,
): Write {
  const kind = loaded === undefined ? "set" : "load";
  const unlessNewer = { kind, seen: loaded?.over } as const;
  const untilAtMs = keepUntilAtMs(stored.metadata);
  // Only a set in Redis alone has it. No purge covers the loads that began before the set.
  const sharedMsMin = isAtEnd === undefined ? 0 : place.space.hardTimeoutMs + writeMsMax;
  const keep = { ...how, body: "new", untilAtMs, unlessNewer, isAtEnd, sharedMsMin } as const;
  return [place.key, { kind: "response", stored }, keep];
}

type Write = readonly [key: RecordKey, record: TierRecord<DataDetail>, keep: TierKeep];

/** The largest record that shares a call with records of other loads, and the records of such a call. */
const [joinedBytesMax, joinedMax] = [16_384, 16];

/**
 * The writes of small loaded records to tiers with `writeMany`. A `set` has a call of its own: its
 * caller learns whether it failed, and the next `set` of its key may not overtake it.
 */
const joinedWrites = new JoinedCalls<Tier<DataDetail>, Write, TierWrite>(
  async (tier, writes) => {
    const [first] = writes;
    if (first !== undefined && writes.length === 1) return [await tier.write(...first)];
    return (await tier.writeMany?.(writes)) ?? [];
  },
  { countMax: joinedMax },
);

/** Counts and reports the values that are too large for every tier. */
function noteTooLarge(
  writes: readonly WriteResult[],
  stored: readonly ToStore[],
  { counts, onTooLarge }: DataPorts,
): void {
  const fitting = new Set(
    writes.flatMap(({ key, result }) => (result === "too-large" ? [] : [key])),
  );
  for (const { place, record } of stored) {
    if (fitting.has(place.key)) continue;
    const error = tooLarge(record);
    counts.unstorable(place.space.name, error);
    onTooLarge?.(error);
  }
}

function tooLarge({ metadata: { bodyBytes } }: DataRecord): OperatorError {
  return new OperatorError({
    what: "A value is not stored.",
    why: `It has ${bodyBytes} bytes, which is too large for every tier of the namespace.`,
    hint: "Store smaller values, such as one for each part, or raise `limits.sharedBodyBytes`.",
  });
}

/** The results after which a tier has no older value, or that say nothing about it. */
const expectedResults: readonly string[] = ["kept", "unavailable", "newer", "not-at-end"];

/**
 * Returns the keys to remove from tiers that refused the new value, such as a large value, because
 * the tier's older value could answer. Also those of values that a later value overtook during the
 * write, because the overtaken value may have been written last. The shared tier prevents that itself.
 */
function olderIn(
  writes: readonly WriteResult[],
  stored: readonly ToStore[],
  { tiers, stores }: DataPorts,
): readonly (readonly [Tier<DataDetail>, RecordKey])[] {
  const isUsual = ({ result }: WriteResult) => expectedResults.includes(result);
  const overtaken = stored.filter(({ place, order }) => !stores.mayStore(place.key.text, order));
  if (overtaken.length === 0 && writes.every(isUsual)) return [];
  const keys = new Set(overtaken.map(({ place }) => place.key));
  const older = writes.filter((write) => {
    const { tier, key } = write;
    return !isUsual(write) || (keys.has(key) && tierScopes[tier] !== "world");
  });
  return tiers.below.flatMap((below) =>
    older.filter(({ tier }) => tier === below.name).map(({ key }) => [below, key] as const),
  );
}

/**
 * Removes stored values whose newly loaded version is not stored. Memory has removed the values as
 * soon as this function has returned its promise.
 */
export async function endValues(places: readonly DataPlace[], { tiers }: DataPorts): Promise<void> {
  await removeFromTiers(
    places.flatMap(({ key, space }) =>
      tiers.of(space.tiers).all.map((tier) => [tier, key] as const),
    ),
  );
}
