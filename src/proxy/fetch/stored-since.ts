// Finds responses that other requests have stored since this request's look-up.
import { discardBody } from "../../cache/record/record.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { selects } from "../../rules/selecting.ts";
import { variantKey } from "../request/key.ts";
import type { ForwardOutcome } from "../site/forward-outcome.ts";
import { type OriginNeed, questionOf } from "../reuse/need.ts";
import { Search } from "../reuse/search.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { decide, isAnswer } from "../reuse/verdict.ts";
import { isKept } from "../stored/lifetime.ts";
import type { StoredResponse } from "../stored/stored-response.ts";
import { answeredBy } from "./instead-of-origin.ts";

/**
 * Returns a response that arrived in this isolate after the look-up read memory. (1) A reads memory and goes
 * on to the lower tiers. (2) B's fill is stored and its flight ends. (3) A finds nothing below and no flight.
 * Memory is read again only if it has changed under the key.
 *
 * @returns the response under the key, or the marker that leads on; `undefined` for neither
 */
export function storedSince(need: OriginNeed): ForwardOutcome | undefined {
  const { asked, exchange, key, marker, memoryCount } = need;
  const { site } = exchange;
  const { memory, usesMemory } = site.tiers.of(asked.route.tiers);
  const atMs = exchange.nowAtMs();
  const stored = site.flights.get(key.text, atMs)?.outcome?.stored;
  if (stored !== undefined) {
    const isThere = isKept(stored.metadata, asked.route, atMs);
    return isThere ? { kind: "stored", stored } : undefined;
  }
  if (!usesMemory) return undefined;
  // A newer purge view may allow a response that an older one rejected, though memory has not changed.
  const isAsBefore = memoryCount !== undefined && need.exchange.decision.cause === undefined;
  if (isAsBefore && !memory.hasChanged(key, memoryCount)) return undefined;
  const read = memory.read(key, { atMs });
  if (read.kind !== "found") return undefined;
  const { record } = read;
  if (record.kind === "response") {
    const { stored: held } = record;
    const isGone = held.metadata.requestedAtMs < (marker?.sinceAtMs ?? -Infinity);
    return isGone ? undefined : { kind: "stored", stored: held };
  }
  return key.text === asked.key.text ? { kind: "varies", marker: record } : undefined;
}

/** Returns whether the response is another variant, fetched before it was known by what the page varies. */
export function isOfAnotherVariant(come: ForwardOutcome, { asked }: OriginNeed): boolean {
  const metadata = come.kind === "arriving" ? come.metadata : come.stored?.metadata;
  if (metadata === undefined) return come.kind === "varies";
  return !selects(metadata.selecting, asked.forwarded);
}

/** @returns the need under the key of its own variant, by the fields that select the response */
export function forOwnVariant(come: ForwardOutcome, need: OriginNeed): OriginNeed {
  const { asked } = need;
  const metadata = come.kind === "arriving" ? come.metadata : come.stored?.metadata;
  const selecting = metadata?.selecting.map(([name]) => name) ?? [];
  const marker = come.kind === "varies" ? come.marker : need.marker;
  const names = come.kind === "varies" ? come.marker.names : selecting;
  const key = variantKey(asked.key, names, asked.forwarded);
  // Memory has not been read under this key yet.
  return { ...need, key, marker, memoryCount: undefined };
}

/** @returns `undefined` if there is no response that answers this request; synchronous */
export function answeredWith(
  come: ForwardOutcome | undefined,
  need: OriginNeed,
): Response | undefined {
  if (come?.kind !== "stored" || isOfAnotherVariant(come, need)) return undefined;
  const candidate = candidateOf(come.stored, need);
  return mayAnswer(candidate, need) ? answeredBy(candidate, need) : undefined;
}

/** Returns whether the candidate would answer now. */
function mayAnswer(candidate: Candidate, need: OriginNeed): boolean {
  return isAnswer(decide(candidate, questionOf(need)));
}

/** A second look-up within this time would find nothing new. */
const lookAgainAfterMs = 1_000;

/**
 * Looks up again before a failure of the origin is reported: another request or colo may have stored a
 * response during the wait.
 *
 * @returns `undefined` if no stored response may answer
 */
export async function storedMeanwhile(need: OriginNeed): Promise<Candidate | undefined> {
  const { lookedAtMs, exchange } = need;
  const { decision } = exchange;
  const isTooSoon = isWithinMs(lookAgainAfterMs, lookedAtMs, exchange.nowAtMs());
  if (decision.isRefresh || isTooSoon) return undefined;
  const found = await new Search(need, exchange).found();
  if (found === undefined) return undefined;
  const { candidate } = found;
  if (mayAnswer(candidate, need)) return candidate;
  discardBody(candidate.stored);
  return undefined;
}

/** A response of another request's forward counts as this isolate's own. */
export function candidateOf(stored: StoredResponse, { key, exchange }: OriginNeed): Candidate {
  return { stored, tier: exchange.site.tiers.memory.name, key };
}
