// Refreshes responses that are stale (RFC 5861 §3) or will soon be stale. Also fetches whole
// responses anonymously for waiting requests.
import type { Context, Exchange, PagePlace } from "../site/exchange.ts";
import type { PendingRequest } from "../reuse/pending-request.ts";
import { discardBody } from "../../cache/record/record.ts";
import type { FetchResult } from "../../cache/flights.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { Decision, settle } from "../../observe/decision.ts";
import { asRefresh, type LookupRequest } from "../request/plan.ts";
import type { OriginFlight } from "../site/origin-outcome.ts";
import { type FoundResponse, PageLookup } from "../reuse/page-lookup.ts";
import type { Candidate, StoredMetadata } from "../stored/stored-response.ts";
import { admitOnHit } from "../storing/admit-to-shared.ts";
import { probeBehind } from "./ask-and-probe.ts";
import { lead } from "./lead.ts";
import { acceptClass, acceptClassName, acceptOfClass } from "../../rules/accept-class.ts";
import { fieldsOf } from "../../rules/fields.ts";
import { responseMediaTypes } from "../../rules/media-types.ts";
import { isOriginError } from "../../rules/storable.ts";
import { addressNames } from "../request/forwarded-fields.ts";

/**
 * Refreshes in the background of a hit, at most once a second per key. Does nothing if an origin request
 * for the key is in progress. While the origin is down, sends only due probes. Skips a page that
 * failed less than a second ago.
 *
 * @param key the response's key, under which forwards are collapsed
 */
export function refreshBehind(
  client: LookupRequest,
  stale: Candidate,
  key: RecordKey,
  context: Context,
): void {
  const { nowAtMs, flights, originHealth } = context.site;
  if (flights.get(key.text, nowAtMs()) !== undefined || !isWorthAsking(client, context)) return;
  if (originHealth.mayRefresh(key.text, nowAtMs())) startRefresh(client, stale, key, context);
}

function isWorthAsking(client: LookupRequest, context: Context): boolean {
  const state = context.site.originHealth.ask(client, context.nowAtMs());
  if (state.kind === "down" && state.isProbe) probeBehind(client, context);
  return state.kind === "well" || (state.kind === "page-failing" && state.isProbe);
}

/**
 * Starts a refresh. A refresh is a flight like any other origin request, so one runs at a time per key and
 * isolate.
 */
export function startRefresh(
  client: LookupRequest,
  { stored }: Candidate,
  key: RecordKey,
  context: Context,
): void {
  if (context.site.flights.get(key.text, context.nowAtMs()) !== undefined) return;
  const { metadata: like } = stored;
  const request = asRefresh(
    client,
    like.selecting.map(([name]) => name),
  );
  const accepts = (found: FoundResponse) => {
    const { respondedAtMs, isOfClient } = found.candidate.stored.metadata;
    const isBetter = isOfClient !== true || like.isOfClient !== true;
    return respondedAtMs > like.respondedAtMs && isBetter && isFresh(found);
  };
  startBehind({ request, exchange: refreshOf(request, context), accepts, like }, key);
}

/** Starts an anonymous request for a whole response, for all requests that wait for it. */
export function startFill(
  pending: PendingRequest,
  { turnMsMax }: { turnMsMax?: number } = {},
): OriginFlight {
  const { key, marker } = pending;
  const request = asRefresh(pending.request, marker?.names ?? []);
  const exchange = refreshOf(request, pending.exchange);
  return startBehind({ request, exchange, accepts: isFresh, isOfClient: true, turnMsMax }, key);
}

/**
 * `skipped`: this isolate forwarded nothing. A tier has a fresh response, another isolate's forward
 * had an outcome, or the wait for its turn timed out.
 */
type RefreshResult = "refreshed" | "skipped" | "failed";

/** The result of refreshing ahead. */
export type RefreshAhead =
  /** The breaker of the origin is open, or the page is paused after a failure. */
  | { readonly kind: "origin-in-trouble" }
  /** The route bypasses the cache. */
  | { readonly kind: "bypassed" }
  /** The response stays fresh for at least the given time. */
  | { readonly kind: "fresh"; readonly candidate: Candidate; readonly decision: Decision }
  /** Another request's flight is in progress. */
  | { readonly kind: "under-way"; readonly flight: OriginFlight }
  | {
      readonly kind: "asked";
      readonly result: RefreshResult;
      readonly flight: OriginFlight;
      readonly decision: Decision;
    };

/**
 * Refreshes a key's response unless a tier has a response that stays fresh for the given time. If
 * that fresh response awaits a second request, this call counts as the second request.
 *
 * @param client a request from `asRefresh`
 */
export async function refreshAhead(
  client: LookupRequest,
  aheadSeconds: number,
  context: Context,
): Promise<RefreshAhead> {
  const { flights } = context.site;
  if (!isWorthAsking(client, context)) return { kind: "origin-in-trouble" };
  const directives = { ...client.directives, minFreshSeconds: aheadSeconds };
  const exchange = refreshOf(client, context);
  const { decision } = exchange;
  const given = { request: { ...client, directives }, exchange, accepts: isFresh };
  const lookup = new PageLookup(given, exchange);
  const found = await lookup.lookUp();
  if (found === undefined && lookup.isBypassed()) return { kind: "bypassed" };
  try {
    const underWay = flights.get(lookup.key.text, exchange.nowAtMs());
    const isThere = found !== undefined && isFresh(found);
    if (isThere) admitOnHit(found.candidate, lookup);
    if (isThere || underWay !== undefined) discardBody(found?.candidate.stored);
    if (isThere) return { kind: "fresh", candidate: found.candidate, decision };
    if (underWay !== undefined) return { kind: "under-way", flight: underWay };
    const leader = (flight: OriginFlight) => refreshed(found, lookup.place, { ...given, flight });
    const kind = { isAnonymous: true };
    const { flight, answer } = flights.start(lookup.key.text, leader, exchange, kind);
    return { kind: "asked", result: await answer, flight, decision };
  } finally {
    settle(exchange);
  }
}

function isFresh({ verdict }: FoundResponse): boolean {
  return verdict.kind === "serve";
}

interface Refresh {
  readonly request: LookupRequest;
  readonly exchange: Exchange;
  /** Returns whether a response makes the refresh unnecessary. */
  readonly accepts: (found: FoundResponse) => boolean;
  /** The response to refresh, if known. The tiers may drop the response before the lookup. */
  readonly like?: StoredMetadata;
  /**
   * Whether the request still has fields of the client that caused the refresh, which must be
   * removed.
   */
  readonly isOfClient?: true;
  /** As in `RefreshInTurn`. */
  readonly turnMsMax?: number | undefined;
}

/** Builds the exchange of a refresh, which no client waits for. */
function refreshOf({ key, route }: LookupRequest, context: Context): Exchange {
  const decision = new Decision({ route: route.name, key, isRefresh: true });
  return { ...context, decision };
}

function startBehind(given: Refresh, key: RecordKey): OriginFlight {
  const { exchange } = given;
  const lookup = new PageLookup(given, exchange);
  const leader = async (flight: OriginFlight) =>
    refreshed(await lookup.lookUp(), { ...lookup.place, key }, { ...given, flight });
  const { flight, answer } = exchange.site.flights.start(key.text, leader, exchange, {
    isAnonymous: true,
  });
  exchange.afterAnswer(async () => void (await answer.finally(() => settle(exchange))));
  return flight;
}

/** Forwards, unless the found response suffices, or it is the turn of another isolate. */
async function refreshed(
  found: FoundResponse | undefined,
  place: PagePlace,
  given: Refresh & { readonly flight: OriginFlight },
): Promise<FetchResult<RefreshResult>> {
  const { request, exchange, accepts, flight } = given;
  const isThere = found !== undefined && accepts(found);
  const { turns } = exchange.site;
  if (isThere || (await turns?.ofRefresh({ ...place, request }, given)) === false) {
    const stored = found?.candidate.stored;
    if (isThere && stored?.body.kind === "blob") flight.settle({ kind: "stored", stored });
    discardBody(stored);
    return { answer: "skipped", done: Promise.resolve() };
  }
  const candidate = found?.candidate;
  // Validate the candidate if possible. Otherwise the candidate may answer if the origin fails.
  const isLost = found?.verdict.kind === "forward";
  const before = isLost ? { stale: candidate } : { validating: candidate };
  const like = candidate?.stored.metadata ?? given.like;
  // Without a stored response, a request of `refreshAhead` has no client's fields to remove.
  const isNamed = like === undefined && given.isOfClient !== true;
  const named = isNamed ? request : inNobodysName(request, like, place.marker?.names);
  exchange.decision.forwards("stale");
  const pending = { ...place, request: named, ...before, lookedUpAtMs: exchange.nowAtMs() };
  const { answer: response, done } = await lead(pending, flight);
  await response.body?.cancel();
  const { outcome } = exchange.decision;
  const isStored = outcome === "stored" || outcome === "validated";
  const isWell = isStored && !isOriginError(response.status);
  return { answer: isWell ? "refreshed" : "failed", done };
}

/**
 * Returns the request without the client's fields, except those of the key, of `Vary` and of
 * `names`.
 *
 * @param request the client's request, with the fields of the key and `Vary`
 * @param like the response to refresh; `undefined` if nothing is stored
 * @param names other fields by which responses are known to vary
 */
export function inNobodysName(
  request: LookupRequest,
  like: Pick<StoredMetadata, "selecting" | "fields"> | undefined,
  names: readonly string[] = [],
): LookupRequest {
  const { forwarded, route } = request;
  // Without a stored response, `Vary` is unknown. Accept-Encoding is safe, because it has only four
  // reduced values.
  const selecting = like?.selecting.map(([name]) => name) ?? ["accept-encoding"];
  const client = new Headers(route.neutralFields);
  for (const name of ["cookie", ...route.keyHeaders, ...selecting, ...names]) {
    const value = forwarded.get(name);
    const source = addressNames.includes(name) ? "cf-connecting-ip" : name;
    if (value === null) client.delete(source);
    else client.set(source, value);
  }
  if (selecting.includes(acceptClassName) || names.includes(acceptClassName)) {
    const type = like === undefined ? "" : (responseMediaTypes(fieldsOf(like)).at(-1) ?? "");
    client.set("accept", acceptOfClass(acceptClass(forwarded.get("accept")), type));
  }
  return { ...request, forwarded: forwarded.withClient(client) };
}
