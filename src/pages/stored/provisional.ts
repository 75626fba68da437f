// The provisional answer: one that clients get now, and that may be older than a purge or a release. Without a
// lifetime downstream, and without effect on what is stored.
// - A fallback origin's answer is kept for at most N seconds, under a key of its own (`site/fallback-port.ts`). It has no
//   validator and no range.
// - An answer from before a purge is not kept, and has no validator (`isProvisional` of `storing/refusal.ts`).
// - An answer that a part does not store is not kept. The validator of another build names it (`build.ts`).
import type { Route } from "../../config/config.ts";
import type { StoredMetadata } from "./stored-response.ts";

/**
 * Limits how long a fallback origin's answer may be used, fresh or stale: N seconds from its request, whatever
 * its age. A fallback origin may lag, so an answer that was requested after a purge may have the content from
 * before it.
 */
export function provisionalSecondsMax(
  { purgeMaxLagMs }: Route,
  {
    provisional,
    requestedAtMs,
    respondedAtMs,
  }: Pick<StoredMetadata, "provisional" | "requestedAtMs" | "respondedAtMs">,
  initialAgeSeconds: number,
): number {
  if (provisional === undefined) return Infinity;
  return initialAgeSeconds + (purgeMaxLagMs - (respondedAtMs - requestedAtMs)) / 1_000;
}
