// Backfills upper tiers with a response of a lower tier and with its `Vary` marker.
import { resultOf } from "../../cache/keep.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierWrite, VaryMarker } from "../../cache/tiers/tier.ts";
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { Decision } from "../../observe/decision.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { Exchange } from "../site/exchange.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import type { ResponseRecord, ResponseTier } from "../stored/tiers.ts";
import { newestMarker } from "./vary-markers.ts";
import type { Candidate } from "../stored/stored-response.ts";

/** A search, once a tier has answered it. */
export interface SearchState {
  readonly lookup: LookupRequest;
  readonly key: RecordKey;
  readonly marker: VaryMarker | undefined;
  readonly atMs: number;
  readonly exchange: Exchange;
}

/** Writes to memory immediately, and to the other tiers in the background. */
export function backfill(
  above: readonly ResponseTier[],
  { stored, tier }: Candidate,
  { lookup, key, marker, atMs, exchange }: SearchState,
): void {
  const { decision } = exchange;
  const untilAtMs = keepUntilAtMs(stored.metadata, termsOf(stored.metadata, lookup.route));
  const { status } = stored.metadata;
  if (status < 300) exchange.site.uncacheable.successes.mark(lookup.key.text, atMs);
  const leadsToError = isErrorStatus(status);
  const how = { body: "new", isAskedAgain: tierScopes[tier] === "colo", leadsToError } as const;
  const records: [RecordKey, ResponseRecord][] = [[key, { kind: "response", stored }]];
  const newest = marker && newestMarker(lookup.key, marker, exchange);
  if (newest !== undefined) records.push([lookup.key, newest]);
  for (const to of above) {
    for (const [at, record] of records) {
      const written = to.write(at, record, { ...how, atMs, untilAtMs });
      const noting = noted(written, to.name, decision);
      if (noting !== undefined) exchange.afterAnswer(() => decision.awaits(noting));
    }
  }
}

/**
 * Records the result of a write in the decision. Returns a promise if the write is still in
 * progress.
 */
function noted(
  written: TierWrite | Promise<TierWrite>,
  tier: TierName,
  decision: Decision,
): Promise<void> | undefined {
  if (written instanceof Promise) {
    return written.then((result) => decision.changed(tier, resultOf(result)));
  }
  decision.changed(tier, resultOf(written));
  return undefined;
}
