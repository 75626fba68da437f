// Writes records to tiers, and removes them.
import { type TierName, type TierScope, tierScopes } from "../config/tier-names.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { Tier, TierKeep, TierWrite } from "./tiers/tier.ts";

/** @typeParam Record a complete record, an arriving one, or a marker */
export interface ToKeep<Record> {
  readonly key: RecordKey;
  readonly record: Record;
  /** Epoch milliseconds. */
  readonly untilAtMs: number;
  /** Restricts the write to tiers of this scope; absent for all. */
  readonly onlyIn?: TierScope | undefined;
}

interface KeepingTier<Record> extends Pick<Tier<never>, "name" | "remove"> {
  write(key: RecordKey, record: Record, keep: TierKeep): TierWrite | Promise<TierWrite>;
}

/**
 * Writes records to tiers, in the order of both. Memory has them when this returns.
 *
 * @param records such as a response and the marker that leads to it
 * @returns tier, key and result of each write, once all are over; never rejects
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
        return { tier: tier.name, key, came: resultOf(came) };
      }),
  );
  return Promise.all(keeping);
}

/** Returns the result of a write in one word: the rule if the tier refused it. */
export function resultOf(written: TierWrite): string {
  return written.kind === "refused" ? written.rule : written.kind;
}

/**
 * Removes records. Memory lacks them when this returns, and the other tiers once the promise settles.
 *
 * @param places each a tier, and a key under which it may hold a record
 * @returns the unreachable tiers, which still hold the record, once all have answered; never rejects
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
