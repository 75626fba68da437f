// Restarts the lifetime of a stored value, such as a session that is in use.
import { bodyRequestedAtMs } from "../cache/record/record.ts";
import type { CallResult } from "./load/load-outcome.ts";
import { storeValues } from "./load/store-values.ts";
import { lookedUp } from "./look-up.ts";
import type { DataMetadata } from "./value/data-record.ts";
import type { Place } from "./value/space.ts";
import type { WritePorts } from "./write/written-value.ts";

/**
 * Looks a value up, and stores it again in the background, as a loaded value with its own stamp. So neither
 * a purge nor a newer value is undone (docs/purge-protocol-data.md, rule 28 h). Leaves `null` and stale
 * values as they are.
 *
 * @returns the result as from `get`
 */
export async function touched(place: Place, ports: WritePorts): Promise<CallResult | undefined> {
  const { given, found, start } = await lookedUp(place, {}, ports);
  if (found?.verdict.kind !== "fresh" || found.candidate.stored.metadata.isNegative) return given;
  const { body, metadata: before } = found.candidate.stored;
  const metadata: DataMetadata = {
    ...before,
    requestedAtMs: start.requestedAtMs,
    respondedAtMs: ports.nowAtMs(),
    bodyRequestedAtMs: bodyRequestedAtMs(before),
  };
  ports.afterAnswer(async () => {
    const record = { metadata, body };
    await storeValues([{ place, record, order: start.order, loaded: start }], ports);
  });
  return given;
}
