// Fetches one page into the tiers in advance. The page is planned like any request, and refreshed
// like a hot key.
import type { Context } from "../../../pages/site/exchange.ts";
import { tierScopes } from "../../../config/tier-names.ts";
import { isErrorStatus } from "../../../rules/fields.ts";
import { unreachable } from "../../../base/unreachable.ts";
import type { Decision } from "../../../observe/decision.ts";
import { patiently } from "../../../base/timeouts.ts";
import { type RefreshAhead, refreshAhead } from "../../../pages/fetch/refresh.ts";
import { type LookupRequest, asRefresh, type PassRule, plan } from "../../../pages/request/plan.ts";
import { countedAs } from "../../../routing/target.ts";
import type { OriginOutcome } from "../../../pages/site/origin-outcome.ts";
import type { Candidate } from "../../../pages/stored/stored-response.ts";
import { askOfHead } from "../../../pages/storing/variant-list.ts";
import { withAllBehind } from "../../../base/all-behind.ts";
import { discardBody } from "../../../cache/record/record.ts";
import { mayBeOfAll } from "../../../pages/request/personal.ts";

/** A request for a page, without the fields of any client. */
export interface PageRequest {
  /** The absolute URL. */
  readonly url: string;
  readonly headers: Headers;
  /** The host of the operator's request, which also belongs to the site. */
  readonly ownHost: string;
}

/** The reason why a page is not fetched: a rule, and the fields that the rule concerns. */
export interface SkippedPage {
  readonly kind: "passed-by";
  readonly by: PassRule | "reserved" | "host" | "field" | "cf" | "unknown-cookie";
  readonly names: readonly string[];
}

/**
 * The state of a page in the shared tier, if the page is fresh in this colo. `no-shared`: the route
 * or deployment has no shared tier.
 */
type SharedState = "there" | "no-shared" | "too-large" | "unavailable";

/** The result for a page. */
export type WarmedPage =
  | SkippedPage
  /** A page that is fresh in this colo. `lookups` is the number of reads. */
  | { readonly kind: "already"; readonly inShared: SharedState; readonly lookups: number }
  | { readonly kind: "origin-in-trouble" | "still-under-way" | "fault" }
  | {
      readonly kind: "asked";
      /** Whether the tiers now contain the response. */
      readonly isRefreshed: boolean;
      readonly decision: Decision;
      readonly outcome: OriginOutcome | undefined;
      /**
       * The number of reads before the refresh, if the page was in this colo but not in the shared
       * tier; else 0.
       */
      readonly looksBefore: number;
      /** The decision of the second request, if the response needed one. */
      readonly second: Decision | undefined;
      /** Whether the route and the deployment have a shared tier. */
      readonly hasShared: boolean;
    };

/**
 * Fields that a warming request must not have, because warming fetches the whole page
 * unconditionally.
 */
const notTaken: ReadonlySet<string> = new Set(
  (
    "range if-range if-match if-none-match if-modified-since if-unmodified-since " +
    "tidemark-debug"
  ).split(" "),
);

/** The time to wait for another request's flight. */
const underWayMsMax = 30_000;

/** Fetches a page. Settles once the page is stored in all its tiers. Never rejects. */
export async function warmPage(page: PageRequest, context: Context): Promise<WarmedPage> {
  try {
    const planned = plannedAs(page, context);
    return "by" in planned ? planned : await brought(planned, context);
  } catch (cause) {
    // Rethrow in the background, where the error is counted and logged, and continue with other
    // pages.
    context.afterAnswer(async () => {
      throw cause;
    });
    return { kind: "fault" };
  }
}

async function brought(planned: LookupRequest, context: Context): Promise<WarmedPage> {
  let ahead = await aheadOf(planned, context);
  if (ahead.kind === "under-way" || (ahead.kind === "asked" && ahead.result === "skipped")) {
    // Another request or isolate is fetching the page. Wait for the flight, then look up again.
    await patiently(ahead.flight.ended, underWayMsMax);
    ahead = await aheadOf(planned, context);
  }
  if (ahead.kind !== "fresh") return endOf(ahead, planned, context);
  const { candidate, decision } = ahead;
  const inShared = await stateInShared(candidate, planned, context);
  const lookups = decision.lookups.length + 1;
  if (inShared !== "absent") return { kind: "already", inShared, lookups };
  // The shared tier lacks the page. This colo may have missed an invalidation, so fetch the page
  // again.
  const repeated = await endOf(
    await aheadOf(planned, context, Number.MAX_SAFE_INTEGER),
    planned,
    context,
  );
  return repeated.kind === "asked" ? { ...repeated, looksBefore: lookups } : repeated;
}

async function stateInShared(
  { stored: { metadata }, tier, key }: Candidate,
  { key: primary, route }: LookupRequest,
  context: Context,
): Promise<SharedState | "absent"> {
  const { tiers, config } = context.site;
  const { ofWorld } = tiers.of(route.tiers);
  if (ofWorld === undefined) return "no-shared";
  if (tierScopes[tier] === "world") return "there";
  const { bodyBytes } = metadata;
  if (bodyBytes === null || bodyBytes > config.limits.sharedBodyBytes) return "too-large";
  const read = await ofWorld.read(key ?? primary, { ...askOfHead(context), isPeek: true });
  if (read.kind !== "found") return read.kind;
  if (read.record.kind === "response") discardBody(read.record.stored);
  return "there";
}

type RefreshedAhead = Extract<RefreshAhead, { kind: "asked" }>;

/**
 * Returns the result of a refresh. If the shared tier stores the response only after a second
 * request, first sends that request, except for an error.
 */
async function admitted(
  { result, decision, flight: { outcome } }: RefreshedAhead,
  planned: LookupRequest,
  context: Context,
): Promise<WarmedPage> {
  const second = awaitsAsk(outcome) ? await aheadOf(planned, context) : undefined;
  return {
    kind: "asked",
    isRefreshed: result === "refreshed",
    decision,
    outcome,
    looksBefore: 0,
    second: second?.kind === "fresh" ? second.decision : undefined,
    hasShared: context.site.tiers.of(planned.route.tiers).ofWorld !== undefined,
  };
}

/**
 * @param aheadSeconds the remaining lifetime below which the page is refreshed; 0 refreshes only a
 *   page that is not fresh
 */
function aheadOf(
  request: LookupRequest,
  context: Context,
  aheadSeconds = 0,
): Promise<RefreshAhead> {
  return withAllBehind(context, (noting) => refreshAhead(request, aheadSeconds, noting));
}

function awaitsAsk(outcome: OriginOutcome | undefined): boolean {
  const metadata = outcome?.stored?.metadata;
  return metadata?.awaitsSecondAsk === true && !isErrorStatus(metadata.status);
}

async function endOf(
  ahead: RefreshAhead,
  planned: LookupRequest,
  context: Context,
): Promise<WarmedPage> {
  switch (ahead.kind) {
    case "bypassed":
      return passedBy("switch");
    case "origin-in-trouble":
      return { kind: "origin-in-trouble" };
    case "asked":
      return ahead.result === "skipped"
        ? { kind: "still-under-way" }
        : admitted(ahead, planned, context);
    case "under-way":
    case "fresh":
      return { kind: "still-under-way" };
    default:
      return unreachable(ahead);
  }
}

function passedBy(by: SkippedPage["by"], names: readonly string[] = []): SkippedPage {
  return { kind: "passed-by", by, names };
}

/** Plans the page as an anonymous request that all clients may share. */
function plannedAs(
  { url, headers, ownHost }: PageRequest,
  context: Context,
): LookupRequest | SkippedPage {
  const { host } = new URL(url);
  if (host !== ownHost && !isOfSite(host, context)) return passedBy("host");
  const read = context.site.readUrl(new Request(url), { headers: new Headers([...headers]) });
  // Browsers get the variant for this Accept-Encoding.
  const usual = { ...read.route.neutralFields, "accept-encoding": "gzip, br" };
  const plain = new Request(url, { headers: { ...usual, ...Object.fromEntries(headers) } });
  // Pages behind a gate are for its checked requests.
  const admission = { checkedBy: read.route.phases.gate?.name };
  const planned = plan(plain, read, { ...context, admission });
  if (planned.kind === "reserved") return passedBy("reserved");
  if (planned.kind === "refuse") return passedBy("ambiguous-path");
  if (planned.kind === "pass") return passedBy(planned.passed.rule);
  const { request } = planned;
  // Skip `Cookie`: the plan classifies it, and cookies in the cache key are not personal.
  const names = [...headers.keys()].filter(
    (name) => name !== "cookie" && (notTaken.has(name) || !mayBeOfAll(name, request)),
  );
  if (names.length > 0) return passedBy("field", names);
  if (request.cf.length > 0) return passedBy("cf", request.route.keyCf);
  return request.hasUnknownCookie ? passedBy("unknown-cookie") : asRefresh(request, []);
}

function isOfSite(host: string, { site: { siteHosts } }: Context): boolean {
  const bare = host.replace(/:\d+$/, "");
  // An unlisted host maps to the first host, but does not belong to the site.
  return siteHosts.length > 0 && [host, bare].includes(countedAs(host, siteHosts));
}
