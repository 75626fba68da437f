// What others have brought since a request's look-up, and the answer that is made of it.
import type { Handling } from "../../http/cache-status.ts";
import { selects } from "../../http/selecting.ts";
import type { StoredResponse } from "../stored/stored-response.ts";
import type { FlightOutcome } from "../../cache/flights.ts";
import { ageSeconds, isKept, termsOf } from "../stored/lifetime.ts";
import { settleDoubt } from "./in-doubt.ts";
import { variantKey } from "../request/key.ts";
import { lookUp } from "./lookup.ts";
import { type Answer, atHand, forwardedFor, type Need, policyOf, questionOf } from "./need.ts";
import { discardBody } from "../../cache/record.ts";
import { fromStored } from "../respond/respond.ts";
import { type Candidate, decide, isAnswer } from "./verdict.ts";

/**
 * What this isolate has got since the look-up, which read the memory tier first: (1) A reads it and
 * goes on to the lower tiers, (2) B's fill is stored and its flight ends, (3) A finds nothing below,
 * and nobody to wait for.
 */
export function comeSince(need: Need): FlightOutcome | undefined {
  const { asked, ports, key, marker } = need;
  const atMs = ports.nowAtMs();
  const stored = ports.flights.get(key.text, atMs)?.stored;
  if (stored !== undefined) {
    const isThere = isKept(stored.metadata, policyOf(need), atMs);
    return isThere ? { kind: "stored", stored } : undefined;
  }
  if (!asked.route.tiers.includes("memory")) return undefined;
  const read = ports.tiers.memory.read(key, { atMs });
  if (read.kind !== "found") return undefined;
  const { record } = read;
  if (record.kind === "response") {
    const { stored: held } = record;
    const isGone = held.metadata.requestedAtMs < (marker?.sinceAtMs ?? -Infinity);
    return isGone ? undefined : { kind: "stored", stored: held };
  }
  return key.text === asked.key.text ? { kind: "varies", marker: record } : undefined;
}

/** Was it asked for by somebody who wants another variant, before anybody knew by what it varies? */
export function isOfAnotherVariant(outcome: FlightOutcome, { asked }: Need): boolean {
  if (outcome.kind === "varies") return true;
  const isStored = outcome.kind === "stored";
  return isStored && !selects(outcome.stored.metadata.selecting, asked.forwarded);
}

/** Under the key of the variant that it asks for, by the fields that what has come is selected by. */
export function forOwnVariant(come: FlightOutcome, need: Need): Need {
  const { asked, marker } = need;
  const key = variantKey(asked.key, namesIn(come), asked.forwarded);
  return { ...need, key, marker: come.kind === "varies" ? come.marker : marker };
}

function namesIn(come: FlightOutcome): readonly string[] {
  if (come.kind === "varies") return come.marker.names;
  return come.kind === "stored" ? come.stored.metadata.selecting.map(([name]) => name) : [];
}

/** @returns `undefined` if what has come does not answer this request; takes no promise */
export function answeredWith(come: FlightOutcome, need: Need): Answer | undefined {
  if (come.kind !== "stored" || isOfAnotherVariant(come, need)) return undefined;
  const candidate = candidateOf(come.stored, need);
  const mayAnswer = isAnswer(decide(candidate, questionOf(need)));
  return mayAnswer ? answeredBy(candidate, need) : undefined;
}

/** So soon after the look-up nothing else is there. */
const lookAgainAfterMs = 1_000;

/**
 * Looked for before anybody is told that the origin failed: while that was waited for, another
 * request, or another colo, may have brought it.
 *
 * @returns `undefined` where nothing that is stored may answer
 */
export async function storedMeanwhile(need: Need): Promise<Candidate | undefined> {
  const { asked, ports } = need;
  const sinceMs = Math.abs(ports.nowAtMs() - need.lookedAtMs);
  if (!need.isForClient || sinceMs < lookAgainAfterMs) return undefined;
  const accepts = (candidate: Candidate) => isAnswer(decide(candidate, questionOf(need)));
  const { found } = await lookUp({ asked, atMs: ports.nowAtMs(), accepts }, ports);
  if (typeof found !== "object") return undefined;
  // The view has grown old meanwhile, too.
  await settleDoubt(found, need);
  if (accepts(found)) return found;
  discardBody(found.stored);
  return undefined;
}

/** What another's forward has brought counts as this isolate's own. */
export function candidateOf(stored: StoredResponse, { key }: Need): Candidate {
  return { stored, tier: "memory", key };
}

/** With what another's forward has brought. */
export function answeredBy(candidate: Candidate, need: Need): Answer {
  const { asked, ports } = need;
  const { stored } = candidate;
  const terms = termsOf(stored.metadata, policyOf(need));
  const age = ageSeconds(stored.metadata, terms, ports.nowAtMs());
  discardBody(atHand(need)?.stored);
  const handling: Handling = { ...forwardedFor(need), collapsed: true };
  const response = fromStored(stored, { asked, ports, ageSeconds: age, handling });
  return { response, outcome: "collapsed" };
}
