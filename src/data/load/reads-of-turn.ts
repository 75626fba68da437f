// Joins the reads that parallel calls of one invocation make in one turn, so that N of them cost one
// command or call.
import { type Invocation, invocationHere } from "../../base/invocation.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Tier, TierAsk, TierRead } from "../../cache/tiers/tier.ts";
import type { DataDetail } from "../value/data-record.ts";

/**
 * The keys of one batch. Their values are in memory together: 22 MB as base64 at the default of
 * `limits.sharedBodyBytes`. Callers of `getMany` choose the number themselves.
 */
const keysMax = 16;

type DataRead = TierRead<DataDetail>;

interface Batch {
  readonly keys: RecordKey[];
  readonly reads: Promise<readonly DataRead[]>;
}

export class ReadsOfTurn {
  readonly #open = new WeakMap<Tier<DataDetail>, WeakMap<Invocation, Batch>>();

  /** Reads a whole record from a tier with `readMany`, together with others of this turn. */
  async read(tier: Tier<DataDetail>, key: RecordKey, ask: TierAsk<DataDetail>): Promise<DataRead> {
    const ofTier = this.#open.get(tier) ?? new WeakMap<Invocation, Batch>();
    this.#open.set(tier, ofTier);
    const invocation = invocationHere();
    let batch = ofTier.get(invocation);
    if (batch === undefined || batch.keys.length >= keysMax) {
      const keys: RecordKey[] = [];
      const send = async () => {
        if (ofTier.get(invocation)?.keys === keys) ofTier.delete(invocation);
        if (keys.length > 1) return (await tier.readMany?.(keys, ask)) ?? [];
        return [await tier.read(key, ask)];
      };
      // The callbacks of this turn run first.
      batch = { keys, reads: Promise.resolve().then(send) };
      ofTier.set(invocation, batch);
    }
    const at = batch.keys.push(key) - 1;
    return (await batch.reads)[at] ?? { kind: "absent" };
  }
}
