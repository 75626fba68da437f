// Sets a value that the caller has loaded itself, with the start of that load (docs/purge-protocol-data.md, rule 28 g).
import type { TierName } from "../../config/tier-names.ts";
import { type GivenStart, recordOf } from "../load/make-record.ts";
import { storeValues } from "../load/store-values.ts";
import { checkDefined, nothingKept } from "./set-value.ts";
import { unpurgedSet } from "./set-everywhere.ts";
import {
  isAlone,
  purgedOlder,
  recordAt,
  type WritePorts,
  type WrittenValue,
} from "./write-through.ts";

/**
 * Stores a value as if `getOrSet` had loaded it: a purge since the start of the load covers it.
 *
 * @param how.everywhere whether to purge the older values of the key first. Then nothing is stored
 *   if another purge or write may have changed the key since the start
 * @returns the tiers that hold the value
 * @throws OperatorError if the value cannot be stored, and if the purge is not accepted
 */
export async function setLoaded(
  { place, value, options }: WrittenValue,
  { start, everywhere }: { readonly start: GivenStart; readonly everywhere: boolean },
  ports: WritePorts,
): Promise<readonly TierName[]> {
  checkDefined(value, place.space.name);
  const respondedAtMs = ports.nowAtMs();
  const jitterDraw = ports.random();
  const making = { place, options, beginning: start, respondedAtMs, jitterDraw };
  const { record, isKept } = await recordOf(value, making);
  if (!isKept) throw nothingKept(place.path);
  if (!everywhere || ports.purging === undefined) {
    return storeValues([{ place, record, order: start.order, loaded: start }], ports);
  }
  const accepted = await purgedOlder({ place, reason: "set", since: start.stamp }, ports);
  if (accepted.kind === "unavailable") throw unpurgedSet(place.path);
  if (ports.unpurged.refusedCount !== start.refusedCount) return [];
  const placed = recordAt(record, accepted, ports.nowAtMs());
  if (!isAlone(accepted, placed, start.stamp)) return [];
  return storeValues([{ place, record: placed, order: ports.stores.begin() }], ports);
}
