// What is known of one request when its origin has to be asked.
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite, Site } from "../site/site.ts";
import type { Asked } from "../request/plan.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import { discardBody } from "../../cache/record/record.ts";
import { Search, type SearchPlace } from "./search.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { isOfUse, type VerdictQuestion } from "./verdict.ts";

/** A request whose origin is asked, what its search has come to know, and what is at hand meanwhile. */
export interface Need<S extends LookupSite = Site> extends SearchPlace {
  readonly asked: Asked;
  readonly exchange: Exchange<S>;
  /** The stored response whose validators are to be sent. */
  readonly validating?: Candidate | undefined;
  /** A stored response that cannot be validated, but may answer if the origin fails. */
  readonly fallback?: Candidate | undefined;
  /** The stored response that was found, also one that may not answer this client. Its body may be gone. */
  readonly standing?: Candidate | undefined;
  /** Where the look-up found nothing: looks where it did not, for what may answer if the origin fails. */
  readonly lookFurther?: (() => Promise<Candidate | undefined>) | undefined;
}

/** A request that the origin was asked for, and those who wait for the same. */
export interface Led extends Need {
  /**
   * Hears what they get: as soon as the response is stored whole, or it is clear that there is nothing
   * to share, and at the latest when the stores are over. Only the first word counts.
   */
  readonly flight: Pick<ForwardFlight, "settle" | "arrive" | "stall">;
}

/** The stored response that the look-up found and that did not answer; `undefined` if it found none. */
export function atHand({ validating, fallback }: Pick<Need, "validating" | "fallback">) {
  return validating ?? fallback;
}

/** The same need, with what the look-up passed over, if that is there. */
export async function lookedFurther<S extends LookupSite>(need: Need<S>): Promise<Need<S>> {
  if (need.lookFurther === undefined) return need;
  return { ...need, fallback: await need.lookFurther(), lookFurther: undefined };
}

/** The question that a verdict answers, asked now unless another instant is given. */
export function questionOf(
  { asked, exchange }: { readonly asked: Asked; readonly exchange: Exchange<LookupSite> },
  atMs = exchange.nowAtMs(),
): VerdictQuestion {
  return { asked, exchange, atMs };
}

/**
 * What is known when the origin has to be asked.
 *
 * @param found what the search brought that does not answer
 */
export function needOf<S extends LookupSite>(
  search: Search<S>,
  found: Candidate | undefined,
  why: Pick<Need, "validating" | "fallback">,
): Need<S> {
  const { asked, exchange, place } = search;
  const isLeft = place.inShared === "passed-over" && found === undefined;
  const lookFurther = isLeft ? () => lookUpAll(search) : undefined;
  return { asked, exchange, ...place, ...why, standing: found, lookFurther };
}

/** Nothing may answer, and the origin has failed: whatever a tier may have. */
async function lookUpAll<S extends LookupSite>({
  asked,
  exchange,
}: Search<S>): Promise<Candidate | undefined> {
  const found = await new Search({ asked }, exchange).found();
  if (found !== undefined && isOfUse(found.verdict)) return found.candidate;
  discardBody(found?.candidate.stored);
  return undefined;
}
