// Decides whether an answer may be from before a purge, because a cache between Tidemark and the origin has kept it
// (docs/internals/purge-protocol-special.md, rule 29).
import { earliestGeneratedAtMs } from "../../rules/freshness.ts";
import type { Fields } from "../../rules/fields.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { Site } from "../site/site.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** The parts of an answer that tell its age. */
interface AgedAnswer {
  readonly headers: Fields;
  readonly requestedAtMs: number;
}

/**
 * Returns when a cache's answer counts as generated, in epoch milliseconds; `undefined` for an answer
 * without `Age`, and on a route that ignores it.
 */
export function keptSinceAtMs(
  { headers, requestedAtMs }: AgedAnswer,
  { route }: Pick<LookupRequest, "route">,
): number | undefined {
  return route.ignoresAge ? undefined : earliestGeneratedAtMs(headers, requestedAtMs);
}

/** Reads older purges if the view may lack some that `isFromBeforePurge` or the route's `settleSeconds` asks for. */
export function readPurgesFor(
  answer: AgedAnswer,
  request: Pick<LookupRequest, "route">,
  { view, config }: Site,
): Promise<void> | undefined {
  const { purgeSettleSeconds } = request.route;
  const settleMs = purgeSettleSeconds > 0 ? purgeSettleSeconds * 1_000 : -Infinity;
  const keptSince = keptSinceAtMs(answer, request) ?? Infinity;
  const { allowanceMs } = config.purge;
  const sinceAtMs = Math.min(keptSince - allowanceMs, answer.requestedAtMs - settleMs);
  return sinceAtMs < Infinity ? view.reachBack(sinceAtMs) : undefined;
}

/**
 * Returns whether an answer may be from before a purge that covers it, by its `Age`. Such an answer is for its own
 * request alone.
 *
 * @param record the metadata of the answer, or of the stored response that the answer continues
 */
export function isFromBeforePurge(
  answer: AgedAnswer,
  record: StoredMetadata,
  { request, exchange, key }: PagePlace,
): boolean {
  const { view, invalidations } = exchange.site;
  const sinceAtMs = keptSinceAtMs(answer, request);
  if (sinceAtMs === undefined) return false;
  return (
    view.mayPredatePurge(asKept(record, exchange.site), sinceAtMs) ||
    invalidations.covers({ ...record, requestedAtMs: sinceAtMs }, key)
  );
}

/**
 * Returns a cache's answer as purges concern it. A release does not concern pages of its own build, whenever they
 * were generated.
 */
export function asKept(
  record: StoredMetadata,
  { releases }: Pick<Site, "releases">,
): StoredMetadata {
  const isOfRelease = record.release !== undefined && record.release === releases.current?.id;
  return isOfRelease ? { ...record, release: undefined } : record;
}
