// Computes how long a stored response may be used. The inputs are the origin's directives and the
// route's settings.
import { fnv1a, mixed } from "../../base/spread-bits.ts";
import type { Route } from "../../config/config.ts";
import {
  responseDirectives,
  type GoverningDirectives,
  governingDirectives,
} from "../../rules/cache-control.ts";
import {
  currentAgeSeconds,
  explicitLifetimeSeconds,
  heuristicallyCacheableStatuses,
  heuristicLifetimeSeconds,
} from "../../rules/freshness.ts";
import { fieldsOf, isErrorStatus } from "../../rules/fields.ts";
import { provisionalSecondsMax } from "./provisional.ts";
import type { StoredMetadata } from "./stored-response.ts";
import { isOfOneRequest, sharedExplicitly } from "../../rules/storable.ts";
import { hasValidator } from "../../rules/validators.ts";

/** The limits on a stored response's use that hold for every request. */
export type Terms = Readonly<ReturnType<typeof workedOut>>;

/** The time for which an expired response is kept for validation alone. */
const keptForValidationSeconds = 86_400;

const keptSecondsMax = 365 * 86_400;

/** The metadata that terms depend on. */
type TermsSource = Pick<
  StoredMetadata,
  | "url"
  | "status"
  | "fields"
  | "requestedAtMs"
  | "respondedAtMs"
  | "lifetimeSecondsMax"
  | "provisional"
  | "ruleMatch"
>;

const known = new WeakMap<StoredMetadata, { route: Route; terms: Terms }>();

/** Returns the terms of a stored response under a route, memoized for the last route. */
export function termsOf(metadata: StoredMetadata, route: Route): Terms {
  const before = known.get(metadata);
  if (before !== undefined && before.route === route) return before.terms;
  const terms = workedOut(metadata, route);
  known.set(metadata, { route, terms });
  return terms;
}

/** Returns a changed copy with the same memoized terms. The changes must not affect the terms. */
export function withTermsKept(
  metadata: StoredMetadata,
  changed: Partial<Omit<StoredMetadata, keyof TermsSource>>,
): StoredMetadata {
  const copy = { ...metadata, ...changed };
  const before = known.get(metadata);
  if (before !== undefined) known.set(copy, before);
  return copy;
}

function workedOut(metadata: TermsSource, route: Route) {
  const fields = fieldsOf(metadata);
  const governing = governingDirectives(fields, route.targets);
  const { directives } = governing;
  const { lifetimeSeconds, isAssigned } = lifetime(metadata, governing, route);
  const overrides = isAssigned && isRouteFirst(route, metadata);
  const isNamed = isNamedStatus(route, metadata);
  const { requestedAtMs, respondedAtMs: atMs } = metadata;
  const initialAgeSeconds = currentAgeSeconds({ fields, requestedAtMs, respondedAtMs: atMs, atMs });
  const secondsMax = Math.min(
    serverErrorSecondsMax(route, metadata),
    provisionalSecondsMax(route, metadata, initialAgeSeconds),
  );
  const keptSeconds = route.phases.keepSeconds?.(metadata) ?? 0;
  const beyondMax = secondsMax - lifetimeSeconds;
  const isLimited = namedErrorSeconds(route, metadata) !== undefined;
  const staleSeconds = (ofOrigin: number | undefined, ofRoute = 0) =>
    Math.max(0, Math.min(ofOrigin ?? ofRoute, isLimited ? ofRoute : Infinity, beyondMax));
  return {
    governing,
    /** Whether the origin explicitly allows sharing between clients. */
    isShared: sharedExplicitly(governing),
    lifetimeSeconds: Math.min(
      route.jitter === 0
        ? lifetimeSeconds
        : lifetimeSeconds * (1 - route.jitter * drawOf(metadata)),
      metadata.lifetimeSecondsMax ?? Infinity,
      secondsMax,
    ),
    /** Whether the lifetime is from the route and not from the response. */
    isAssigned,
    /** The age at `respondedAtMs` (`corrected_initial_age`, RFC 9111 §4.2.3). */
    initialAgeSeconds,
    /** Whether every use needs validation, because of `no-cache` (RFC 9111 §5.2.2.4). */
    alwaysValidate: directives.noCache === true && !overrides,
    // RFC 9111 §5.2.2.10 forbids stale use beside `s-maxage`. This code departs from that rule: an
    // allowance beside `s-maxage` or in the route is the site's own decision, so it applies.
    /** Whether stale use is forbidden (RFC 9111 §4.2.4), even with an allowance. */
    neverStale: (directives.mustRevalidate || directives.proxyRevalidate) && !overrides,
    // The route's allowances apply only to the statuses of its `fresh` or `negative`. Its
    // stale-while-revalidate also requires that the response has a lifetime.
    staleWhileRevalidateSeconds: staleSeconds(
      directives.staleWhileRevalidateSeconds,
      isNamed && lifetimeSeconds > 0 ? route.staleWhileRevalidateSeconds : undefined,
    ),
    // A stored server error is no better than the new error that it would replace.
    staleIfErrorSeconds: staleSeconds(
      directives.staleIfErrorSeconds,
      isNamed && metadata.status < 500 ? route.staleIfErrorSeconds : undefined,
    ),
    /** The age up to which the response may be used at all: of a server error, and of a fallback origin's answer. */
    usedSecondsMax: secondsMax,
    canBeValidated: hasValidator(fields),
    keptAtLeastSeconds: keptSeconds > 0 ? keptSeconds : 0,
  };
}

/**
 * Returns a number n, 0 ≤ n < 1, that is the same for this response everywhere, and evenly spread over responses that
 * were stored together.
 */
const drawOf = ({ url, requestedAtMs }: TermsSource): number =>
  mixed(fnv1a(`${url} ${requestedAtMs}`)) / 2 ** 32;

/**
 * Returns the lifetime from the first source that has one: the governing field, `Expires`, the
 * route, heuristics. With `mode: "override"`, and with a rule on answers, the route comes first. It
 * also limits an error.
 */
function lifetime(metadata: TermsSource, governing: GoverningDirectives, route: Route) {
  const own = unlimitedLifetime(metadata, governing, route);
  const secondsMax = namedErrorSeconds(route, metadata) ?? Infinity;
  return own.lifetimeSeconds > secondsMax ? { lifetimeSeconds: secondsMax, isAssigned: true } : own;
}

function unlimitedLifetime(metadata: TermsSource, governing: GoverningDirectives, route: Route) {
  const { status, respondedAtMs: receivedAtMs } = metadata;
  const fields = fieldsOf(metadata);
  const explicit = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  const assignedSeconds = assignedLifetimeSeconds(route, metadata, governing);
  const isFirst = isRouteFirst(route, metadata) || explicit === "unstated";
  if (assignedSeconds !== undefined && isFirst) {
    return { lifetimeSeconds: assignedSeconds, isAssigned: true };
  }
  if (explicit !== "unstated") return { lifetimeSeconds: explicit, isAssigned: false };
  const isPublic = governing.directives.public;
  const heuristic = route.heuristics
    ? heuristicLifetimeSeconds({ status, isPublic, fields, receivedAtMs })
    : 0;
  return { lifetimeSeconds: heuristic, isAssigned: false };
}

/** Returns whether the route's lifetime for a response, if there is one, precedes the origin's. */
export function isRouteFirst(
  { mode }: Route,
  { ruleMatch }: Pick<StoredMetadata, "ruleMatch">,
): boolean {
  return mode === "override" || ruleMatch?.freshSeconds !== undefined;
}

/**
 * Returns the route's lifetime for a response; `undefined` if the route has none for this status.
 * Also returns `undefined` if a targeted field takes precedence over a `Cache-Control` with
 * `private` or `no-store`.
 */
export function assignedLifetimeSeconds(
  route: Route,
  metadata: Pick<StoredMetadata, "status" | "fields" | "ruleMatch">,
  { source }: GoverningDirectives,
): number | undefined {
  const { status, ruleMatch } = metadata;
  if (source === "targeted") {
    const hidden = responseDirectives(fieldsOf(metadata));
    if (hidden.noStore || hidden.private === true) return undefined;
  }
  if (ruleMatch?.freshSeconds !== undefined) return ruleMatch.freshSeconds;
  const own = namedLifetime(route, status);
  if (own !== undefined) return own === "origin" ? undefined : own;
  return isFreshStatus(route, status) ? route.freshSeconds : undefined;
}

function namedLifetime(route: Route, status: number): number | "origin" | undefined {
  return route.freshSecondsByStatus.get(status) ?? route.negativeByStatus.get(status);
}

/**
 * Returns whether the route's `fresh` applies to this status. If `fresh` does not list statuses, it
 * applies to the heuristically cacheable statuses except errors.
 */
export function isFreshStatus({ freshSecondsByStatus }: Route, status: number): boolean {
  if (freshSecondsByStatus.size > 0) return freshSecondsByStatus.has(status);
  return !isErrorStatus(status) && heuristicallyCacheableStatuses.has(status);
}

/** Returns whether the route's `fresh` or `negative`, or a rule's `fresh`, applies to a response. */
export function isNamedStatus(
  route: Route,
  { status, ruleMatch }: Pick<StoredMetadata, "status" | "ruleMatch">,
): boolean {
  const hasRuleMatch = ruleMatch?.freshSeconds !== undefined;
  return hasRuleMatch || isFreshStatus(route, status) || route.negativeByStatus.has(status);
}

/**
 * Returns the duration that the route, or a rule, gives an error other than 404 and 410; `undefined` if it
 * gives none. No lifetime of the origin exceeds it.
 */
export function namedErrorSeconds(
  route: Route,
  { status, ruleMatch }: Pick<StoredMetadata, "status" | "ruleMatch">,
): number | undefined {
  if (!isOfOneRequest(status)) return undefined;
  const named = ruleMatch?.freshSeconds ?? namedLifetime(route, status);
  return named === "origin" ? undefined : named;
}

const serverErrorSeconds = 10;

/**
 * Limits how long a 5xx response may be used, fresh or stale: 10 seconds, or the route's lifetime
 * for this status if longer.
 */
function serverErrorSecondsMax(
  route: Route,
  metadata: Pick<StoredMetadata, "status" | "ruleMatch">,
): number {
  if (metadata.status < 500) return Infinity;
  return Math.max(serverErrorSeconds, namedErrorSeconds(route, metadata) ?? 0);
}

/** Returns whether a response has a validator, and every use needs a validation. */
export function isAlwaysValidated(terms: Terms): boolean {
  return terms.canBeValidated && (terms.alwaysValidate || terms.lifetimeSeconds <= 0);
}

/** Returns the current age, with fractions of seconds (RFC 9111 §4.2.3). */
export function ageSeconds(metadata: StoredMetadata, terms: Terms, atMs: number): number {
  return Math.max(0, terms.initialAgeSeconds + (atMs - metadata.respondedAtMs) / 1_000);
}

/**
 * Returns the instant from which a tier may drop a response, because its stale use ends. A response
 * that can be validated is kept for at least a day after it expires. The result is at most a year
 * after the response's arrival, because stores may reject longer times.
 */
export function keepUntilAtMs(metadata: StoredMetadata, terms: Terms): number {
  const { staleWhileRevalidateSeconds, staleIfErrorSeconds, neverStale } = terms;
  const staleSeconds = neverStale ? 0 : Math.max(staleWhileRevalidateSeconds, staleIfErrorSeconds);
  const { requestedAtMs, respondedAtMs } = metadata;
  const fromNowSeconds = terms.lifetimeSeconds - terms.initialAgeSeconds;
  // Keep a response that arrives already stale, because it still answers the requests that waited
  // for it, even in other colos.
  const delaySeconds = neverStale ? 0 : (respondedAtMs - requestedAtMs) / 1_000;
  const freshSeconds = fromNowSeconds > 0 ? fromNowSeconds : fromNowSeconds + delaySeconds;
  const keptSeconds = Math.max(
    freshSeconds,
    fromNowSeconds + staleSeconds,
    terms.canBeValidated ? Math.max(0, freshSeconds) + keptForValidationSeconds : 0,
    terms.keptAtLeastSeconds,
  );
  return respondedAtMs + Math.min(keptSeconds, keptSecondsMax) * 1_000;
}

export function isKept(metadata: StoredMetadata, route: Route, atMs: number): boolean {
  return atMs < keepUntilAtMs(metadata, termsOf(metadata, route));
}
