// How long a stored response may be used under its route: the origin's word, the route's, and
// which goes first.
import type { Route } from "../config.ts";
import { responseDirectives } from "../http/cache-control.ts";
import { currentAgeSeconds, statedAgeSeconds } from "../http/current-age.ts";
import {
  explicitLifetimeSeconds,
  heuristicallyCacheableStatuses,
  heuristicLifetimeSeconds,
} from "../http/freshness.ts";
import { type GoverningDirectives, governingDirectives } from "../http/governing-directives.ts";
import { fieldsOf, isErrorStatus, type StoredMetadata } from "../http/stored-response.ts";
import { hasValidator } from "../http/validators.ts";

/** Everything about a stored response's use that no request changes. */
export interface Terms {
  readonly governing: GoverningDirectives;
  readonly lifetimeSeconds: number;
  /** Age at `respondedAtMs` (`corrected_initial_age`, RFC 9111 §4.2.3). */
  readonly initialAgeSeconds: number;
  /** `no-cache`: never without validation (RFC 9111 §5.2.2.4). */
  readonly alwaysValidate: boolean;
  /** Never stale (RFC 9111 §4.2.4), whatever else is allowed. */
  readonly neverStale: boolean;
  readonly staleWhileRevalidateSeconds: number;
  readonly staleIfErrorSeconds: number;
  readonly canBeValidated: boolean;
}

/** How long a response that can be validated is kept beyond its last use without validation. */
const keptForValidationSeconds = 86_400;

/** Freshness policy: the route of the request and the general setting. */
export interface FreshnessPolicy {
  readonly route: Route;
  readonly heuristics: boolean;
}

const known = new WeakMap<StoredMetadata, { route: Route; terms: Terms }>();

/** The terms of a stored response under a route, worked out once for each. */
export function termsOf(metadata: StoredMetadata, policy: FreshnessPolicy): Terms {
  const before = known.get(metadata);
  if (before !== undefined && before.route === policy.route) return before.terms;
  const terms = workedOut(metadata, policy);
  known.set(metadata, { route: policy.route, terms });
  return terms;
}

function workedOut(metadata: StoredMetadata, policy: FreshnessPolicy): Terms {
  const { route } = policy;
  const fields = fieldsOf(metadata);
  const governing = governingDirectives(fields);
  const { directives } = governing;
  const { lifetimeSeconds, assigned } = lifetime(metadata, governing, policy);
  const overrides = assigned && route.mode === "override";
  // Nobody can tell then for how long it has been stale.
  const isAgeKnown = statedAgeSeconds(fields) !== "unreadable";
  const { requestedAtMs, respondedAtMs } = metadata;
  return {
    governing,
    lifetimeSeconds: Math.min(
      lifetimeSeconds * (1 - route.jitter * metadata.jitterDraw),
      metadata.lifetimeSecondsMax ?? Infinity,
    ),
    initialAgeSeconds: currentAgeSeconds({
      fields,
      requestedAtMs,
      respondedAtMs,
      atMs: respondedAtMs,
    }),
    alwaysValidate: directives.noCache === true && !overrides,
    // Departs from RFC 9111 §5.2.2.10, by which s-maxage alone forbids stale use: an allowance
    // stated beside it, or by the route, is the site's own word for this cache.
    neverStale: (directives.mustRevalidate || directives.proxyRevalidate) && !overrides,
    staleWhileRevalidateSeconds: isAgeKnown
      ? (directives.staleWhileRevalidateSeconds ?? route.staleWhileRevalidateSeconds ?? 0)
      : 0,
    staleIfErrorSeconds: isAgeKnown
      ? (directives.staleIfErrorSeconds ?? route.staleIfErrorSeconds ?? 0)
      : 0,
    canBeValidated: hasValidator(fields),
  };
}

/**
 * Order of authority: the governing field ▸ `Expires` ▸ the route ▸ heuristics; with
 * `mode: "override"` the route goes first.
 */
function lifetime(
  metadata: StoredMetadata,
  governing: GoverningDirectives,
  policy: FreshnessPolicy,
): { lifetimeSeconds: number; assigned: boolean } {
  const { status, respondedAtMs: receivedAtMs } = metadata;
  const fields = fieldsOf(metadata);
  const explicit = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  const assignedSeconds = assignedLifetimeSeconds(policy.route, metadata, governing);
  const routeFirst = policy.route.mode === "override" || explicit === "unstated";
  if (assignedSeconds !== undefined && routeFirst) {
    return { lifetimeSeconds: assignedSeconds, assigned: true };
  }
  if (explicit !== "unstated") return { lifetimeSeconds: explicit, assigned: false };
  const isPublic = governing.directives.public;
  const heuristic = policy.heuristics
    ? heuristicLifetimeSeconds({ status, isPublic, fields, receivedAtMs })
    : 0;
  return { lifetimeSeconds: heuristic, assigned: false };
}

/**
 * What the route itself gives a response; errors need a lifetime of their own. Nothing to what
 * `Cache-Control` keeps private or unstored, also where a targeted field hides that from the rules.
 */
export function assignedLifetimeSeconds(
  route: Route,
  metadata: StoredMetadata,
  { source }: GoverningDirectives,
): number | undefined {
  const { status } = metadata;
  if (source === "targeted") {
    const hidden = responseDirectives(fieldsOf(metadata));
    if (hidden.noStore || hidden.private === true) return undefined;
  }
  const own = route.freshSecondsByStatus.get(status);
  if (own !== undefined) return own;
  return !isErrorStatus(status) && heuristicallyCacheableStatuses.has(status)
    ? route.freshSeconds
    : undefined;
}

/** Fresh never, though it can be validated: every use of it goes to the origin. */
export function isAlwaysValidated(terms: Terms): boolean {
  return terms.canBeValidated && (terms.alwaysValidate || terms.lifetimeSeconds <= 0);
}

/** @returns seconds, fractions kept (RFC 9111 §4.2.3) */
export function ageSeconds(metadata: StoredMetadata, terms: Terms, atMs: number): number {
  return Math.max(0, terms.initialAgeSeconds + (atMs - metadata.respondedAtMs) / 1_000);
}

/** Until when a tier keeps a response: fresh, stale with leave, and a while for validation. */
export function keepUntilAtMs(metadata: StoredMetadata, terms: Terms): number {
  const afterSeconds = Math.max(
    terms.neverStale ? 0 : terms.staleWhileRevalidateSeconds,
    terms.neverStale ? 0 : terms.staleIfErrorSeconds,
    terms.canBeValidated ? keptForValidationSeconds : 0,
  );
  const { requestedAtMs, respondedAtMs } = metadata;
  const fromNowSeconds = terms.lifetimeSeconds - terms.initialAgeSeconds;
  // Over when it came, it still answers those who waited for it, in other colos too.
  const delaySeconds = terms.neverStale ? 0 : (respondedAtMs - requestedAtMs) / 1_000;
  const freshSeconds = fromNowSeconds > 0 ? fromNowSeconds : fromNowSeconds + delaySeconds;
  return respondedAtMs + (Math.max(0, freshSeconds) + afterSeconds) * 1_000;
}

/** Would any tier still keep it? */
export function isKept(metadata: StoredMetadata, policy: FreshnessPolicy, atMs: number): boolean {
  return atMs < keepUntilAtMs(metadata, termsOf(metadata, policy));
}
