// Keeps records in tiers, and takes them out again. What came of each write is told tier by tier;
// what the records are of makes no difference here.
import type { TierName } from "../config/config.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { Tier, TierKeep, TierWrite } from "./tiers/tier.ts";

/** @typeParam Record what the tiers hold: a whole record, one that arrives, or a marker */
export interface ToKeep<Record> {
  readonly key: RecordKey;
  readonly record: Record;
  /** Epoch milliseconds. */
  readonly untilAtMs: number;
  /** The one tier that may have it; absent for all. */
  readonly onlyIn?: TierName | undefined;
}

interface KeepingTier<Record> extends Pick<Tier<never>, "name" | "remove"> {
  write(key: RecordKey, record: Record, keep: TierKeep): TierWrite | Promise<TierWrite>;
}

/** What came of one write in one tier. */
export interface Kept {
  readonly tier: TierName;
  readonly came: "kept" | "unavailable" | Extract<TierWrite, { kind: "refused" }>["rule"];
}

/**
 * Writes records to tiers, in the order of both. Memory holds them when this returns.
 *
 * @param records such as a response and the marker that leads to it
 * @param tell    gets what came of each write, as soon as that is known
 * @returns the same, once all writes are over; never rejects
 */
export function keep<Record>(
  records: readonly ToKeep<Record>[],
  tiers: readonly KeepingTier<Record>[],
  how: Omit<TierKeep, "untilAtMs">,
  tell: (kept: Kept) => void,
): Promise<readonly Kept[]> {
  const keeping: Promise<Kept>[] = [];
  for (const tier of tiers) {
    for (const { key, record, untilAtMs, onlyIn = tier.name } of records) {
      if (onlyIn !== tier.name) continue;
      const written = Promise.resolve(tier.write(key, record, { ...how, untilAtMs }));
      const told = (came: TierWrite): Kept => {
        const kept = { tier: tier.name, came: came.kind === "refused" ? came.rule : came.kind };
        tell(kept);
        return kept;
      };
      keeping.push(written.then(told));
    }
  }
  return Promise.all(keeping);
}

/**
 * Takes out what stands under keys. It is gone from memory when this returns, and from the other
 * tiers once the promise settles.
 *
 * @param places     each a tier, and a key under which it may hold a record
 * @param onRemained gets each tier that could not be reached: the record is still there
 * @returns settles once all tiers have answered; never rejects
 */
export async function takeOut(
  places: readonly (readonly [tier: KeepingTier<never>, key: RecordKey])[],
  onRemained: (tier: TierName) => void,
): Promise<void> {
  const removing = places.map(async ([tier, key]) => {
    if ((await tier.remove(key)) === "unavailable") onRemained(tier.name);
  });
  await Promise.all(removing);
}
