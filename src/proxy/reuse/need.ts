// The state of a request that needs its origin.
import type { Exchange } from "../site/exchange.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import { discardBody } from "../../cache/record/record.ts";
import { Search } from "./search.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { isOfUse, type VerdictQuestion } from "./verdict.ts";

/** The results of a search that are needed to store the response. */
export type SearchPlace = Readonly<Search["place"]>;

/** A request that needs the origin, the results of its search, and usable stored responses. */
export interface OriginNeed extends SearchPlace {
  readonly lookup: LookupRequest;
  readonly exchange: Exchange;
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
export async function lookedFurther(need: OriginNeed): Promise<OriginNeed> {
  if (need.lookFurther === undefined) return need;
  return { ...need, fallback: await need.lookFurther(), lookFurther: undefined };
}

/** Returns the input of a verdict. */
export function questionOf(
  { lookup, exchange }: { readonly lookup: LookupRequest; readonly exchange: Exchange },
  atMs = exchange.nowAtMs(),
): VerdictQuestion {
  return { lookup, exchange, atMs };
}

/** @param found the search's response, which may not answer without the origin */
export function needOf(
  search: Search,
  found: Candidate | undefined,
  why: Pick<OriginNeed, "validating" | "fallback">,
): OriginNeed {
  const { lookup, exchange, place } = search;
  const isLeft = place.inShared === "passed-over" && found === undefined;
  const lookFurther = isLeft ? () => lookUpAll(search) : undefined;
  return { lookup, exchange, ...place, ...why, standing: found, lookFurther };
}

/** Searches all tiers for a response that may replace an error of the origin. */
async function lookUpAll({ lookup, exchange }: Search): Promise<Candidate | undefined> {
  const found = await new Search({ lookup }, exchange).found();
  if (found !== undefined && isOfUse(found.verdict)) return found.candidate;
  discardBody(found?.candidate.stored);
  return undefined;
}
