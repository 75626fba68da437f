// Writes records to tiers, and removes them.
import { type TierName, type TierScope, tierScopes } from "../config/tier-names.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { Tier, TierKeep, TierWrite } from "./tiers/tier.ts";

/** @typeParam Record a complete record, an arriving record, or a marker */
export interface ToKeep<Record> {
  readonly key: RecordKey;
  readonly record: Record;
  /** The expiry, in epoch milliseconds. */
  readonly untilAtMs: number;
  /** The scope of tiers to write to; absent for all tiers. */
  readonly onlyIn?: TierScope | undefined;
}

interface KeepingTier<Record> extends Pick<Tier<never>, "name" | "remove"> {
  write(key: RecordKey, record: Record, keep: TierKeep): TierWrite | Promise<TierWrite>;
}

/**
 * Writes records to tiers. Starts the writes to the first tier, then to the next tier, without
 * waiting in between. Memory contains the records when this function returns.
 *
 * @param records the records, such as a response and the marker that leads to it
 * @returns the tier, key and result of each write, once all writes have ended; never rejects
 */
export function writeToTiers<Record>(
  records: readonly ToKeep<Record>[],
  tiers: readonly KeepingTier<Record>[],
  how: Omit<TierKeep, "untilAtMs">,
) {
  const keeping = tiers.flatMap((tier) =>
    records
      .filter(({ onlyIn }) => onlyIn === undefined || onlyIn === tierScopes[tier.name])
      .map(async ({ key, record, untilAtMs }) => {
        const result = await tier.write(key, record, { ...how, untilAtMs });
        return { tier: tier.name, key, result: resultOf(result) };
      }),
  );
  return Promise.all(keeping);
}

/** Returns the result of a write as one word: its kind, or the rule that refused the write. */
export function resultOf(written: TierWrite): string {
  return written.kind === "refused" ? written.rule : written.kind;
}

/**
 * Removes records. Memory no longer contains the records when this function returns. The other
 * tiers no longer contain the records once the promise settles.
 *
 * @param places pairs of a tier and a key under which the tier may contain a record
 * @returns the unreachable tiers, which may still contain a record; never rejects
 */
export async function removeFromTiers(
  places: readonly (readonly [tier: KeepingTier<never>, key: RecordKey])[],
): Promise<readonly TierName[]> {
  const remained: TierName[] = [];
  const removing = places.map(async ([tier, key]) => {
    if ((await tier.remove(key)) === "unavailable") remained.push(tier.name);
  });
  await Promise.all(removing);
  return remained;
}
