// The state of a request that needs its origin.
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite, Site } from "../site/site.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import { discardBody } from "../../cache/record/record.ts";
import { Search } from "./search.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { isOfUse, type VerdictQuestion } from "./verdict.ts";

/** The results of a search that are needed to store the response. */
export type SearchPlace = Readonly<Search["place"]>;

/** A request that needs the origin, the results of its search, and usable stored responses. */
export interface OriginNeed<S extends LookupSite = Site> extends SearchPlace {
  readonly lookup: LookupRequest;
  readonly exchange: Exchange<S>;
  /** The stored response to validate. */
  readonly validating?: Candidate | undefined;
  /** The stored response that cannot be validated, but may answer if the origin fails. */
  readonly fallback?: Candidate | undefined;
  /**
   * The stored response that the search found, even if it may not answer this client. Its body may
   * already be consumed.
   */
  readonly standing?: Candidate | undefined;
  /** Searches the skipped tiers for a response that may answer if the origin fails. */
  readonly lookFurther?: (() => Promise<Candidate | undefined>) | undefined;
}

/** A forwarded request with its flight, which other requests wait for. */
export interface LeadNeed extends OriginNeed {
  /**
   * The flight. It settles once the response is complete or clearly cannot be shared, and at the
   * latest when all writes have ended. Later settlements have no effect.
   */
  readonly flight: Pick<ForwardFlight, "settle" | "arrive" | "stall">;
}

/** Returns the stored response to validate, or else the fallback. */
export function storedCandidate({
  validating,
  fallback,
}: Pick<OriginNeed, "validating" | "fallback">) {
  return validating ?? fallback;
}

/** Returns the need with a fallback from the skipped tiers, if they contain one. */
export async function lookedFurther<S extends LookupSite>(
  need: OriginNeed<S>,
): Promise<OriginNeed<S>> {
  if (need.lookFurther === undefined) return need;
  return { ...need, fallback: await need.lookFurther(), lookFurther: undefined };
}

/** Returns the input of a verdict. */
export function questionOf(
  { lookup, exchange }: { readonly lookup: LookupRequest; readonly exchange: Exchange<LookupSite> },
  atMs = exchange.nowAtMs(),
): VerdictQuestion {
  return { lookup, exchange, atMs };
}

/** @param found the search's response, which may not answer without the origin */
export function needOf<S extends LookupSite>(
  search: Search<S>,
  found: Candidate | undefined,
  why: Pick<OriginNeed, "validating" | "fallback">,
): OriginNeed<S> {
  const { lookup, exchange, place } = search;
  const isLeft = place.inShared === "passed-over" && found === undefined;
  const lookFurther = isLeft ? () => lookUpAll(search) : undefined;
  return { lookup, exchange, ...place, ...why, standing: found, lookFurther };
}

/** Searches all tiers for a response that may replace an error of the origin. */
async function lookUpAll<S extends LookupSite>({
  lookup,
  exchange,
}: Search<S>): Promise<Candidate | undefined> {
  const found = await new Search({ lookup }, exchange).found();
  if (found !== undefined && isOfUse(found.verdict)) return found.candidate;
  discardBody(found?.candidate.stored);
  return undefined;
}
