// Decides whether an answer may be from before a purge, because a cache between Tidemark and the
// origin has kept it, or because a scheduled purge takes effect (docs/purge-protocol-special.md).
import { cachesNamedIn } from "../../protocol/caches-below.ts";
import { earliestGeneratedAtMs } from "../../rules/freshness.ts";
import type { Fields } from "../../rules/fields.ts";
import { datedAtMs } from "../../rules/http-date.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { PagePlace } from "../site/exchange.ts";
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

/** The time within which a purge should also have reached a cache below, once the purge is due. */
const cacheBelowMsMax = 180_000;

/**
 * Returns whether an answer may be from before a purge that covers it: by its `Age`, or because a scheduled purge
 * takes effect about now. Such an answer is for its own
 * request alone. If an ordinary purge should have reached that cache by now, notes the cache.
 *
 * @param record the metadata of the answer, or of the stored response that the answer continues
 */
export function isFromBeforePurge(
  answer: AgedAnswer,
  record: StoredMetadata,
  { request, exchange, key }: PagePlace,
): boolean {
  const { view, invalidations, releases, config, notes } = exchange.site;
  const sinceAtMs = keptSinceAtMs(answer, request);
  // Rule 30 d: a scheduled purge has ended the answer, or does so within A.
  const { requestedAtMs } = answer;
  const times = { requestedAtMs, bodyRequestedAtMs: sinceAtMs, validatedAtMs: sinceAtMs };
  const endsAtMs = view.endsAtMs({ ...record, ...times });
  if (endsAtMs < Infinity && endsAtMs <= exchange.nowAtMs()) return true;
  if (sinceAtMs === undefined) return false;
  // A release does not concern pages of its own build, whenever they were generated.
  const isOfRelease = record.release !== undefined && record.release === releases.current?.id;
  const subject = isOfRelease ? { ...record, release: undefined } : record;
  if (!view.mayPredatePurge(subject, sinceAtMs)) {
    noteLowAge(answer, subject, { request, exchange });
    return invalidations.covers({ ...record, requestedAtMs: sinceAtMs }, key);
  }
  const { visibleWithinSeconds, allowanceMs } = config.purge;
  const reachedMs = visibleWithinSeconds * 1_000 + allowanceMs + cacheBelowMsMax;
  const atMs = exchange.nowAtMs();
  if (!view.purgedSince(subject, atMs - reachedMs)) {
    notes.note("cache-unpurged", request.route.name, cachesNamedIn(answer.headers), atMs);
  }
  return true;
}

/** `Date` has whole seconds. */
const dateRoundingMs = 1_000;

/** Notes the cache if a purge covers the answer by `Date`, although by `Age` the answer is newer. */
function noteLowAge(
  { headers, requestedAtMs }: AgedAnswer,
  subject: StoredMetadata,
  { request, exchange }: Pick<PagePlace, "request" | "exchange">,
): void {
  const { view, config, notes } = exchange.site;
  // The clocks of the origin, the isolate and the journal may differ by A, without a fault.
  const datedMs = datedAtMs(headers, requestedAtMs) + dateRoundingMs + 2 * config.purge.allowanceMs;
  if (!view.mayPredatePurge(subject, datedMs)) return;
  const atMs = exchange.nowAtMs();
  notes.note("age-too-low", request.route.name, cachesNamedIn(headers), atMs);
}
