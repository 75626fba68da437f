// Backfills upper tiers with a response of a lower one and with its `Vary` marker.
import { resultOf } from "../../cache/keep.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierWrite } from "../../cache/tiers/tier.ts";
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { Decision } from "../../observe/decision.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import type { ResponseRecord, ResponseTier } from "../stored/tiers.ts";
import type { SearchState } from "./shared-look.ts";
import { newestMarker } from "./vary-markers.ts";
import type { Candidate } from "../stored/stored-response.ts";

/** Writes memory at once and the edge tier behind the answer. */
export function backfill(
  above: readonly ResponseTier[],
  { stored, tier }: Candidate,
  { asked, key, marker, atMs, exchange }: SearchState,
): void {
  const { decision } = exchange;
  const untilAtMs = keepUntilAtMs(stored.metadata, termsOf(stored.metadata, asked.route));
  const { status } = stored.metadata;
  if (status < 300) exchange.site.uncacheable.stood.mark(asked.key.text, atMs);
  const leadsToError = isErrorStatus(status);
  const how = { body: "new", isAskedAgain: tierScopes[tier] === "colo", leadsToError } as const;
  const records: [RecordKey, ResponseRecord][] = [[key, { kind: "response", stored }]];
  const newest = marker && newestMarker(asked.key, marker, exchange);
  if (newest !== undefined) records.push([asked.key, newest]);
  for (const to of above) {
    for (const [at, record] of records) {
      const written = to.write(at, record, { ...how, atMs, untilAtMs });
      const noting = noted(written, to.name, decision);
      if (noting !== undefined) exchange.afterAnswer(() => decision.awaits(noting));
    }
  }
}

/** Notes the result of a write. Returns a promise if the write has not ended. */
function noted(
  written: TierWrite | Promise<TierWrite>,
  tier: TierName,
  decision: Decision,
): Promise<void> | undefined {
  if (written instanceof Promise) {
    return written.then((came) => decision.changed(tier, resultOf(came)));
  }
  decision.changed(tier, resultOf(written));
  return undefined;
}
