// Fetches one page into the tiers in advance: planned like any request, refreshed like a hot key.
import type { Context } from "../site/exchange.ts";
import { tierScopes } from "../../config/tier-names.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import { unreachable } from "../../rules/unreachable.ts";
import type { Decision } from "../../observe/decision.ts";
import { patiently } from "../../base/timeouts.ts";
import { type RefreshAhead, refreshAhead } from "../fetch/refresh.ts";
import { ownUserAgent } from "../request/anonymous.ts";
import { type LookupRequest, asRefresh, type PassRule, plan } from "../request/plan.ts";
import { countedAs } from "../request/target.ts";
import type { ForwardOutcome } from "../site/forward-outcome.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { askOfHead } from "../storing/variants.ts";
import { withAllBehind } from "./all-behind.ts";
import { discardBody } from "../../cache/record/record.ts";
import { mayBeNoted } from "../site/hot-key-note.ts";

/** A request without anything of a client. */
export interface PageRequest {
  /** Absolute. */
  readonly url: string;
  readonly headers: Headers;
  /** The host of the operator's request, which also belongs to the site. */
  readonly ownHost: string;
}

/** Why a page is not fetched: the rule, and the fields that it is about. */
export interface SkippedPage {
  readonly kind: "passed-by";
  readonly by: PassRule | "reserved" | "host" | "field" | "cf" | "unknown-cookie";
  readonly names: readonly string[];
}

/** The shared tier's state for a page that is fresh here. `no-shared`: the route or deployment has none. */
type SharedState = "there" | "no-shared" | "too-large" | "unavailable";

/** The result for a page. */
export type WarmedPage =
  | SkippedPage
  /** `looks`: the number of reads that it took. */
  | { readonly kind: "already"; readonly inShared: SharedState; readonly looks: number }
  | { readonly kind: "origin-in-trouble" | "still-under-way" | "fault" }
  | {
      readonly kind: "asked";
      /** The response is in the tiers, and may be for all clients. */
      readonly isRefreshed: boolean;
      readonly decision: Decision;
      readonly outcome: ForwardOutcome | undefined;
      /** The number of reads that found it in this colo and not in the shared tier; else 0. */
      readonly looksBefore: number;
      /** The second request, if the response awaited one. */
      readonly second: Decision | undefined;
      /** The route and the deployment have a shared tier. */
      readonly hasShared: boolean;
    };

/** Fields of single requests. Warming fetches the whole page, unconditionally and for no client. */
const notTaken: ReadonlySet<string> = new Set(
  (
    "range if-range if-match if-none-match if-modified-since if-unmodified-since " +
    "tidemark-debug"
  ).split(" "),
);

/** The maximum age of a flight. */
const underWayMsMax = 30_000;

/** Fetches a page. Settles once the page is stored in all its tiers. Never rejects. */
export async function warmPage(page: PageRequest, context: Context): Promise<WarmedPage> {
  try {
    const planned = plannedAs(page, context);
    return "by" in planned ? planned : await brought(planned, context);
  } catch (cause) {
    // Continue with other pages; the runner of background work counts the error and logs its origin.
    context.afterAnswer(async () => {
      throw cause;
    });
    return { kind: "fault" };
  }
}

async function brought(planned: LookupRequest, context: Context): Promise<WarmedPage> {
  let ahead = await aheadOf(planned, context);
  if (ahead.kind === "under-way" || (ahead.kind === "asked" && ahead.came === "skipped")) {
    // Another request or colo is fetching the page. Wait for it, then look up again.
    await patiently(ahead.flight.ended, underWayMsMax);
    ahead = await aheadOf(planned, context);
  }
  if (ahead.kind !== "fresh") return endOf(ahead, planned, context);
  const { candidate, decision } = ahead;
  const inShared = await stateInShared(candidate, planned, context);
  const looks = decision.looks.length + 1;
  if (inShared !== "absent") return { kind: "already", inShared, looks };
  // Other colos lack it, and this colo may have missed an invalidation, so fetch it again.
  const repeated = await endOf(
    await aheadOf(planned, context, Number.MAX_SAFE_INTEGER),
    planned,
    context,
  );
  return repeated.kind === "asked" ? { ...repeated, looksBefore: looks } : repeated;
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

/** Sends the second request for a response that awaits one: the operator named the page. */
async function admitted(
  { came, decision, flight: { outcome } }: RefreshedAhead,
  planned: LookupRequest,
  context: Context,
): Promise<WarmedPage> {
  const second = awaitsAsk(outcome) ? await aheadOf(planned, context) : undefined;
  return {
    kind: "asked",
    isRefreshed: came === "refreshed",
    decision,
    outcome,
    looksBefore: 0,
    second: second?.kind === "fresh" ? second.decision : undefined,
    hasShared: context.site.tiers.of(planned.route.tiers).ofWorld !== undefined,
  };
}

/** @param aheadSeconds refresh if the page is fresh for less than this; 0: only if it is not fresh */
function aheadOf(asked: LookupRequest, context: Context, aheadSeconds = 0): Promise<RefreshAhead> {
  return withAllBehind(context, (noting) => refreshAhead(asked, aheadSeconds, noting));
}

function awaitsAsk(outcome: ForwardOutcome | undefined): boolean {
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
      return ahead.came === "skipped"
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
  const request = new Request(url, { headers: withUsualFields(headers) });
  const planned = plan(request, context.site.readUrl(request), context);
  if (planned.kind === "reserved") return passedBy("reserved");
  if (planned.kind === "refuse") return passedBy("ambiguous-path");
  if (planned.kind === "pass") return passedBy(planned.passed.rule);
  const { asked } = planned;
  // The route judges cookies: the ones in its cache key are not personal.
  const names = [...headers.keys()].filter(
    (name) => name !== "cookie" && (notTaken.has(name) || !mayBeNoted(name, asked)),
  );
  if (names.length > 0) return passedBy("field", names);
  if (asked.cf.length > 0) return passedBy("cf", asked.route.keyCf);
  return asked.hasUnknownCookie ? passedBy("unknown-cookie") : asRefresh(asked, []);
}

function isOfSite(host: string, { site: { siteHosts } }: Context): boolean {
  const bare = host.replace(/:\d+$/, "");
  // The first host also stands for all unnamed ones.
  return siteHosts.length > 0 && [host, bare].includes(countedAs(host, siteHosts));
}

/** Adds fields that all browsers send, to get their variant of a page that varies. */
function withUsualFields(given: Headers): Headers {
  const headers = new Headers(given);
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "gzip, br");
  if (!headers.has("user-agent")) headers.set("user-agent", ownUserAgent);
  return headers;
}
