// Goes to the origin for one request, and for all who wait for it: a stale response answers in its
// place if the origin fails.
import type { Fetched } from "../../cache/flights.ts";
import { discardBody } from "../../cache/record/record.ts";
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";
import { conditionalFields, hasStrongDate } from "../../rules/validators.ts";
import { letGo } from "../../base/let-go.ts";
import { failedWith, type ForwardFlight } from "../site/forward-outcome.ts";
import { atHand, type Need, questionOf } from "../reuse/need.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { judgedUnder, mayBeValidated } from "../reuse/verdict.ts";
import { bodyDateOf } from "../stored/stored-response.ts";
import type { Fresh } from "../storing/metadata-of-answer.ts";
import { sendAndStore } from "../storing/send-and-store.ts";
import { storedMeanwhile } from "./come-since.ts";
import { forwardSelecting, isOriginError } from "./forward.ts";
import { answeredBy, failurePage, staleInstead } from "./instead-of-origin.ts";
import type { OriginTrouble } from "../site/origin-health.ts";
import { learnFromHead, validated } from "./validate.ts";

/**
 * Asks the origin, and settles the flight as soon as there is something to tell those who wait.
 *
 * @param flight whoever began it ends it, once all is stored
 */
export async function lead(need: Need, flight: ForwardFlight): Promise<Fetched<Response>> {
  const { exchange, key } = need;
  const { nowAtMs, afterAnswer } = exchange;
  flight.leads(nowAtMs());
  if (need.validating !== undefined) await mayValidate(need.validating, need);
  // Taken before the request is sent: a purge from here on covers this response.
  const stamp = await exchange.site.view.stamp({ atMs: nowAtMs(), host: key.host, afterAnswer });
  // Judged after that: what the stamp has in it is known to whoever validates.
  const validators = validatorsOf(need);
  const validating = validators.length > 0 ? need.validating : undefined;
  const { answer, asked } = await forwardSelecting(need, validators);
  if (answer.kind === "failed") {
    need.exchange.decision.heardNothing();
    return originFailed(answer.failure, need, flight);
  }
  const fresh: Fresh = { ...answer, stamp };
  const led = { ...need, asked, flight };
  const { response } = answer;
  const { status } = response;
  need.exchange.decision.heard({ ...answer, status });
  const stale = isOriginError(status) ? await staleInstead(need, "this") : undefined;
  if (stale !== undefined) {
    flight.settle(failedWith(response, nowAtMs()));
    letGo(response);
    return storedNothing(stale);
  }
  if (status !== 304) {
    const replaced = atHand(need);
    if (asked.method === "HEAD" && replaced !== undefined) learnFromHead(fresh, replaced, led);
    discardBody(replaced?.stored);
    return sendAndStore(fresh, led);
  }
  // The request had no condition, so nobody knows what has not changed.
  if (validating === undefined) {
    flight.settle({ kind: "nothing-to-share" });
    return originFailed("unreachable", need, flight);
  }
  const isUnchanged = await mayValidate(validating, need);
  const sent = isUnchanged ? await validated(fresh, validating, led) : undefined;
  // The 304 was about another response than ours, or about what was purged while it was on its way:
  // ask again, without conditions.
  return sent ?? lead({ ...need, validating: undefined, fallback: validating }, flight);
}

function storedNothing(answer: Response): Fetched<Response> {
  return { answer, done: Promise.resolve() };
}

/**
 * None of what a hard purge covers, or may cover: a 304 would bring the very body back. What a soft
 * one covers is not validated by a date that can stand for two versions.
 */
function validatorsOf(need: Need): readonly FieldLine[] {
  const { validating } = need;
  if (validating === undefined) return [];
  const { kind } = validating.stored.body;
  // Without all of its body it could answer nobody but this client; and for a HEAD none is read again
  // to be stored anew.
  if (kind === "absent" || kind === "part" || (kind === "stream" && need.asked.method === "HEAD"))
    return [];
  const question = questionOf(need);
  if (!mayBeValidated(question, validating)) return [];
  const { metadata } = validating.stored;
  const stored = fieldsOf(metadata);
  const isTrusted = judgedUnder(question, validating).kind === "usable";
  return conditionalFields(stored, isTrusted || hasStrongDate(stored, bodyDateOf(metadata)));
}

/** Asked before the origin is, and again once it has answered (rule 10). */
async function mayValidate(validating: Candidate, need: Need): Promise<boolean> {
  const { asked, exchange, key } = need;
  const question = questionOf(need);
  if (mayBeValidated(question, validating)) return true;
  if (judgedUnder(question, validating).kind === "purged") return false;
  // It may be the view alone that is too old.
  const { atMs } = question;
  const { stamp } = validating.stored.metadata;
  await exchange.site.view.seek({ atMs, host: key.host, afterAnswer: exchange.afterAnswer }, stamp);
  return mayBeValidated(questionOf({ asked, exchange }), validating);
}

async function originFailed(
  failure: OriginTrouble,
  need: Need,
  flight: ForwardFlight,
): Promise<Fetched<Response>> {
  need.exchange.decision.forgetsAnswer();
  const stale = await staleInstead(need, "this");
  const come = stale === undefined ? await storedMeanwhile(need) : undefined;
  // Those who wait need not look for themselves.
  if (come?.stored.body.kind === "blob") flight.settle({ kind: "stored", stored: come.stored });
  else flight.settle({ kind: "origin-failed", failure });
  if (come !== undefined) return storedNothing(answeredBy(come, need));
  return storedNothing(stale ?? failurePage(failure, need));
}
