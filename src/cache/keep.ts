// Keeps records in tiers, and takes them out again, whatever they are of.
import { type TierName, type TierScope, tierScopes } from "../config/tier-names.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { Tier, TierKeep, TierWrite } from "./tiers/tier.ts";

/** @typeParam Record what the tiers hold: a whole record, one that arrives, or a marker */
export interface ToKeep<Record> {
  readonly key: RecordKey;
  readonly record: Record;
  /** Epoch milliseconds. */
  readonly untilAtMs: number;
  /** Tiers of that scope alone may have it; absent for all. */
  readonly onlyIn?: TierScope | undefined;
}

interface KeepingTier<Record> extends Pick<Tier<never>, "name" | "remove"> {
  write(key: RecordKey, record: Record, keep: TierKeep): TierWrite | Promise<TierWrite>;
}

/**
 * Writes records to tiers, in the order of both. Memory holds them when this returns.
 *
 * @param records such as a response and the marker that leads to it
 * @returns the tier and the key of each write and what came of it, which is the rule where it was
 *   refused, once all are over; never rejects
 */
export function keep<Record>(
  records: readonly ToKeep<Record>[],
  tiers: readonly KeepingTier<Record>[],
  how: Omit<TierKeep, "untilAtMs">,
) {
  const keeping = tiers.flatMap((tier) =>
    records
      .filter(({ onlyIn }) => onlyIn === undefined || onlyIn === tierScopes[tier.name])
      .map(async ({ key, record, untilAtMs }) => {
        const came = await tier.write(key, record, { ...how, untilAtMs });
        return { tier: tier.name, key, came: cameOf(came) };
      }),
  );
  return Promise.all(keeping);
}

/** What a write came to, in a word: the rule where it was refused. */
export function cameOf(written: TierWrite): string {
  return written.kind === "refused" ? written.rule : written.kind;
}

/**
 * Takes out what stands under keys. It is gone from memory when this returns, and from the other
 * tiers once the promise settles.
 *
 * @param places each a tier, and a key under which it may hold a record
 * @returns the tiers that could not be reached, once all have answered: the record is still there.
 *   Never rejects.
 */
export async function takeOut(
  places: readonly (readonly [tier: KeepingTier<never>, key: RecordKey])[],
): Promise<readonly TierName[]> {
  const remained: TierName[] = [];
  const removing = places.map(async ([tier, key]) => {
    if ((await tier.remove(key)) === "unavailable") remained.push(tier.name);
  });
  await Promise.all(removing);
  return remained;
}
