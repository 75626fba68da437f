// How long a stored response may be used under its route: the origin's word, the route's, and
// which goes first.
import type { Route } from "../../config/config.ts";
import { responseDirectives } from "../../rules/cache-control.ts";
import { currentAgeSeconds } from "../../rules/current-age.ts";
import {
  explicitLifetimeSeconds,
  heuristicallyCacheableStatuses,
  heuristicLifetimeSeconds,
} from "../../rules/freshness.ts";
import { type GoverningDirectives, governingDirectives } from "../../rules/governing-directives.ts";
import { fieldsOf, isErrorStatus } from "../../rules/fields.ts";
import type { StoredMetadata } from "./stored-response.ts";
import { sharedExplicitly } from "../../rules/storable.ts";
import { hasValidator } from "../../rules/validators.ts";

/** Everything about a stored response's use that no request changes. */
export interface Terms {
  readonly governing: GoverningDirectives;
  /** Its origin says that many clients may share it. */
  readonly isShared: boolean;
  readonly lifetimeSeconds: number;
  /** The route gives the lifetime, not the response. */
  readonly isAssigned: boolean;
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

const keptSecondsMax = 365 * 86_400;

/** All that terms are worked out from, beside the route. */
type TermsSource = Pick<
  StoredMetadata,
  "status" | "fields" | "requestedAtMs" | "respondedAtMs" | "jitterDraw" | "lifetimeSecondsMax"
>;

const known = new WeakMap<StoredMetadata, { route: Route; terms: Terms }>();

/** The terms of a stored response under a route, worked out once for each. */
export function termsOf(metadata: StoredMetadata, route: Route): Terms {
  const before = known.get(metadata);
  if (before !== undefined && before.route === route) return before.terms;
  const terms = workedOut(metadata, route);
  known.set(metadata, { route, terms });
  return terms;
}

/**
 * A copy that differs in nothing that terms are worked out from: those that are known of the
 * metadata hold for the copy, too.
 */
export function withTermsKept(
  metadata: StoredMetadata,
  changed: Partial<Omit<StoredMetadata, keyof TermsSource>>,
): StoredMetadata {
  const copy = { ...metadata, ...changed };
  const before = known.get(metadata);
  if (before !== undefined) known.set(copy, before);
  return copy;
}

function workedOut(metadata: TermsSource, route: Route): Terms {
  const fields = fieldsOf(metadata);
  const governing = governingDirectives(fields);
  const { directives } = governing;
  const { lifetimeSeconds, isAssigned } = lifetime(metadata, governing, route);
  const overrides = isAssigned && route.mode === "override";
  const isNamed = isNamedStatus(route, metadata.status);
  const secondsMax = serverErrorSecondsMax(route, metadata.status);
  const beyondMax = secondsMax - lifetimeSeconds;
  const staleSeconds = (ofOrigin: number | undefined, ofRoute: number | undefined) =>
    Math.max(0, Math.min(ofOrigin ?? ofRoute ?? 0, beyondMax));
  const { requestedAtMs, respondedAtMs: atMs } = metadata;
  return {
    governing,
    isShared: sharedExplicitly(governing),
    lifetimeSeconds: Math.min(
      lifetimeSeconds * (1 - route.jitter * metadata.jitterDraw),
      metadata.lifetimeSecondsMax ?? Infinity,
      secondsMax,
    ),
    isAssigned,
    initialAgeSeconds: currentAgeSeconds({ fields, requestedAtMs, respondedAtMs: atMs, atMs }),
    alwaysValidate: directives.noCache === true && !overrides,
    // Departs from RFC 9111 §5.2.2.10, by which s-maxage alone forbids stale use: an allowance
    // stated beside it, or by the route, is the site's own word for this cache.
    neverStale: (directives.mustRevalidate || directives.proxyRevalidate) && !overrides,
    // The route's allowances hold for statuses that the route names; the first of them only for
    // responses with a lifetime.
    staleWhileRevalidateSeconds: staleSeconds(
      directives.staleWhileRevalidateSeconds,
      isNamed && lifetimeSeconds > 0 ? route.staleWhileRevalidateSeconds : undefined,
    ),
    // A stored error of the server is no better than the new error that it would replace.
    staleIfErrorSeconds: staleSeconds(
      directives.staleIfErrorSeconds,
      isNamed && metadata.status < 500 ? route.staleIfErrorSeconds : undefined,
    ),
    canBeValidated: hasValidator(fields),
  };
}

/**
 * Order of authority: the governing field ▸ `Expires` ▸ the route ▸ heuristics; with
 * `mode: "override"` the route goes first.
 */
function lifetime(metadata: TermsSource, governing: GoverningDirectives, route: Route) {
  const { status, respondedAtMs: receivedAtMs } = metadata;
  const fields = fieldsOf(metadata);
  const explicit = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  const assignedSeconds = assignedLifetimeSeconds(route, metadata, governing);
  const routeFirst = route.mode === "override" || explicit === "unstated";
  if (assignedSeconds !== undefined && routeFirst) {
    return { lifetimeSeconds: assignedSeconds, isAssigned: true };
  }
  if (explicit !== "unstated") return { lifetimeSeconds: explicit, isAssigned: false };
  const isPublic = governing.directives.public;
  const heuristic = route.heuristics
    ? heuristicLifetimeSeconds({ status, isPublic, fields, receivedAtMs })
    : 0;
  return { lifetimeSeconds: heuristic, isAssigned: false };
}

/**
 * What the route itself gives a response; errors need a lifetime of their own. Nothing to what
 * `Cache-Control` keeps private or unstored, also where a targeted field hides that from the rules.
 */
export function assignedLifetimeSeconds(
  route: Route,
  metadata: Pick<StoredMetadata, "status" | "fields">,
  { source }: GoverningDirectives,
): number | undefined {
  const { status } = metadata;
  if (source === "targeted") {
    const hidden = responseDirectives(fieldsOf(metadata));
    if (hidden.noStore || hidden.private === true) return undefined;
  }
  const own = namedLifetime(route, status);
  if (own !== undefined) return own === "origin" ? undefined : own;
  return isFreshStatus(route, status) ? route.freshSeconds : undefined;
}

function namedLifetime(route: Route, status: number): number | "origin" | undefined {
  return route.freshSecondsByStatus.get(status) ?? route.negativeByStatus.get(status);
}

/**
 * Does the route's `fresh` speak of this status? As a duration, or left out, it speaks of what is
 * cacheable by default and no error.
 */
export function isFreshStatus({ freshSecondsByStatus }: Route, status: number): boolean {
  if (freshSecondsByStatus.size > 0) return freshSecondsByStatus.has(status);
  return !isErrorStatus(status) && heuristicallyCacheableStatuses.has(status);
}

/** Does `fresh` or `negative` speak of it? */
export function isNamedStatus(route: Route, status: number): boolean {
  return isFreshStatus(route, status) || route.negativeByStatus.has(status);
}

const serverErrorSeconds = 10;

/** A server's error is over soon: it answers for longer, stale too, only where the route gives it a duration. */
function serverErrorSecondsMax(route: Route, status: number): number {
  if (status < 500) return Infinity;
  const named = namedLifetime(route, status);
  return Math.max(serverErrorSeconds, typeof named === "number" ? named : 0);
}

/** Fresh never, though it can be validated: every use of it goes to the origin. */
export function isAlwaysValidated(terms: Terms): boolean {
  return terms.canBeValidated && (terms.alwaysValidate || terms.lifetimeSeconds <= 0);
}

/** @returns seconds, fractions kept (RFC 9111 §4.2.3) */
export function ageSeconds(metadata: StoredMetadata, terms: Terms, atMs: number): number {
  return Math.max(0, terms.initialAgeSeconds + (atMs - metadata.respondedAtMs) / 1_000);
}

/**
 * Until when a tier keeps a response: fresh, stale with leave, and a while for validation. A year at
 * the most, whatever it says: no store is handed a lifetime that it might not be able to read.
 */
export function keepUntilAtMs(metadata: StoredMetadata, terms: Terms): number {
  const { staleWhileRevalidateSeconds, staleIfErrorSeconds, neverStale } = terms;
  const staleSeconds = neverStale ? 0 : Math.max(staleWhileRevalidateSeconds, staleIfErrorSeconds);
  const { requestedAtMs, respondedAtMs } = metadata;
  const fromNowSeconds = terms.lifetimeSeconds - terms.initialAgeSeconds;
  // Over when it came, it still answers those who waited for it, in other colos too.
  const delaySeconds = neverStale ? 0 : (respondedAtMs - requestedAtMs) / 1_000;
  const freshSeconds = fromNowSeconds > 0 ? fromNowSeconds : fromNowSeconds + delaySeconds;
  const keptSeconds = Math.max(
    freshSeconds,
    fromNowSeconds + staleSeconds,
    terms.canBeValidated ? Math.max(0, freshSeconds) + keptForValidationSeconds : 0,
  );
  return respondedAtMs + Math.min(keptSeconds, keptSecondsMax) * 1_000;
}

/** Would any tier still keep it? */
export function isKept(metadata: StoredMetadata, route: Route, atMs: number): boolean {
  return atMs < keepUntilAtMs(metadata, termsOf(metadata, route));
}
