// Leads a forward for one request and its followers. If the origin fails, a stale response may answer.
import type { FetchResult } from "../../cache/flights.ts";
import { discardBody } from "../../cache/record/record.ts";
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";
import { conditionalFields, hasStrongDate } from "../../rules/validators.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { failedWith, type ForwardFlight } from "../site/forward-outcome.ts";
import { storedCandidate, type OriginNeed, questionOf } from "../reuse/need.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { judgedUnder, mayBeValidated } from "../reuse/verdict.ts";
import { bodyDateOf } from "../stored/stored-response.ts";
import type { OriginAnswer } from "../storing/metadata-of-answer.ts";
import { sendAndStore } from "../storing/send-and-store.ts";
import { storedMeanwhile } from "./stored-since.ts";
import { forwardSelecting, isOriginError } from "./forward.ts";
import { answeredBy, failurePage, staleInstead } from "./instead-of-origin.ts";
import type { OriginTrouble } from "../site/origin-health.ts";
import { learnFromHead, validated } from "./validate.ts";

/**
 * Asks the origin, and settles the flight as soon as it has an outcome for followers.
 *
 * @param flight ended by its caller, once everything is stored
 */
export async function lead(
  need: OriginNeed,
  flight: ForwardFlight,
): Promise<FetchResult<Response>> {
  const { exchange, key } = need;
  const { nowAtMs, afterAnswer } = exchange;
  flight.leads(nowAtMs());
  if (need.validating !== undefined) await mayValidate(need.validating, need);
  // Taken before the request is sent: a later purge covers this response.
  const stamp = await exchange.site.view.stamp({ atMs: nowAtMs(), host: key.host, afterAnswer });
  // Judge the candidate after that, so that it sees every purge before the stamp.
  const validators = validatorsOf(need);
  const validating = validators.length > 0 ? need.validating : undefined;
  const { answer, asked } = await forwardSelecting(need, validators);
  if (answer.kind === "failed") {
    need.exchange.decision.heardNothing();
    return originFailed(answer.failure, need, flight);
  }
  const fresh: OriginAnswer = { ...answer, stamp };
  const led = { ...need, asked, flight };
  const { response } = answer;
  const { status } = response;
  need.exchange.decision.heard({ ...answer, status });
  const stale = isOriginError(status) ? await staleInstead(need, "this") : undefined;
  if (stale !== undefined) {
    flight.settle(failedWith(response, nowAtMs()));
    cancelBody(response);
    return storedNothing(stale);
  }
  if (status !== 304) {
    const replaced = storedCandidate(need);
    if (asked.method === "HEAD" && replaced !== undefined) learnFromHead(fresh, replaced, led);
    discardBody(replaced?.stored);
    return sendAndStore(fresh, led);
  }
  // A 304 to an unconditional request says nothing.
  if (validating === undefined) {
    flight.settle({ kind: "nothing-to-share" });
    return originFailed("unreachable", need, flight);
  }
  const isUnchanged = await mayValidate(validating, need);
  const sent = isUnchanged ? await validated(fresh, validating, led) : undefined;
  // The 304 was about another response, or about one that was purged meanwhile: ask again without
  // conditions.
  return sent ?? lead({ ...need, validating: undefined, fallback: validating }, flight);
}

function storedNothing(answer: Response): FetchResult<Response> {
  return { answer, done: Promise.resolve() };
}

/**
 * Returns no validators if a hard purge covers or may cover the response: a 304 would restore its body.
 * After a soft purge, a date that two versions may share is no validator.
 */
function validatorsOf(need: OriginNeed): readonly FieldLine[] {
  const { validating } = need;
  if (validating === undefined) return [];
  const { kind } = validating.stored.body;
  // An incomplete body answers only this client, and a HEAD does not read a body again to store it.
  if (kind === "absent" || kind === "part" || (kind === "stream" && need.asked.method === "HEAD"))
    return [];
  const question = questionOf(need);
  if (!mayBeValidated(question, validating)) return [];
  const { metadata } = validating.stored;
  const stored = fieldsOf(metadata);
  const isTrusted = judgedUnder(question, validating).kind === "usable";
  return conditionalFields(stored, isTrusted || hasStrongDate(stored, bodyDateOf(metadata)));
}

/**
 * Returns whether validation is allowed. Called before the request, and again after the response (rule 10).
 */
async function mayValidate(validating: Candidate, need: OriginNeed): Promise<boolean> {
  const { asked, exchange, key } = need;
  const question = questionOf(need);
  if (mayBeValidated(question, validating)) return true;
  if (judgedUnder(question, validating).kind === "purged") return false;
  // Perhaps only the view is too old.
  const { atMs } = question;
  const { stamp } = validating.stored.metadata;
  await exchange.site.view.seek({ atMs, host: key.host, afterAnswer: exchange.afterAnswer }, stamp);
  return mayBeValidated(questionOf({ asked, exchange }), validating);
}

async function originFailed(
  failure: OriginTrouble,
  need: OriginNeed,
  flight: ForwardFlight,
): Promise<FetchResult<Response>> {
  need.exchange.decision.forgetsAnswer();
  const stale = await staleInstead(need, "this");
  const come = stale === undefined ? await storedMeanwhile(need) : undefined;
  // Followers need no look-up of their own.
  if (come?.stored.body.kind === "blob") flight.settle({ kind: "stored", stored: come.stored });
  else flight.settle({ kind: "origin-failed", failure });
  if (come !== undefined) return storedNothing(answeredBy(come, need));
  return storedNothing(stale ?? failurePage(failure, need));
}
