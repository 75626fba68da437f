// Goes to the origin for one request, and for all who wait for it: a stale response answers in its
// place if the origin fails.
import type { Handling } from "../../http/cache-status.ts";
import { bodyDateOf } from "../stored/stored-response.ts";
import { fieldsOf } from "../../http/fields.ts";
import { conditionalFields, hasStrongDate } from "../../http/validators.ts";
import { letGo } from "../../let-go.ts";
import { type FailedForward, failedWith, type Flight } from "../../cache/flights.ts";
import { answeredBy, storedMeanwhile } from "../reuse/come-since.ts";
import type { Fresh } from "../storing/metadata-of-answer.ts";
import { isOriginError } from "./forward.ts";
import { forwardSelecting } from "../request/forward-selecting.ts";
import { settleDoubt } from "../reuse/in-doubt.ts";
import { type Answer, atHand, lookedFurther, type Need, questionOf } from "../reuse/need.ts";
import { plainPage } from "../respond/plain-page.ts";
import { discardBody } from "../../cache/record.ts";
import { fromStored } from "../respond/respond.ts";
import { sendAndStore } from "../storing/send-and-store.ts";
import { endedBehind, learnFromHead, validated } from "./validate.ts";
import {
  type Candidate,
  decideOnError,
  isUnverified,
  judgedUnder,
  mayBeValidated,
} from "../reuse/verdict.ts";

/** Goes to the origin. Whatever happens, those who wait are told. */
export async function lead(need: Need, flight: Flight): Promise<Answer> {
  const { ports, key } = need;
  flight.leads(ports.nowAtMs());
  try {
    if (need.validating !== undefined) await mayValidate(need.validating, need);
    // Taken before the request is sent: a purge from here on covers this response.
    const stamp = await ports.view.stamp({
      atMs: ports.nowAtMs(),
      host: key.host,
      afterAnswer: ports.afterAnswer,
    });
    // Judged after that: what the stamp has in it is known to whoever validates.
    const validators = validatorsOf(need);
    const validating = validators.length > 0 ? need.validating : undefined;
    const { answer, asked: sent } = await forwardSelecting(need, validators);
    if (answer.kind === "failed") return await originFailed(answer.failure, need, flight);
    const fresh: Fresh = { ...answer, stamp };
    const { response } = fresh;
    // Nobody asked on a condition, and what would not have changed is not known.
    if (validating === undefined && response.status === 304) {
      return await originFailed("unreachable", need, flight);
    }
    if (validating !== undefined && response.status === 304) {
      const isUnchanged = await mayValidate(validating, need);
      const told = { ...need, asked: sent };
      const answered = isUnchanged ? await validated(fresh, validating, told, flight) : undefined;
      // The 304 was about another response than ours, or about what was purged while it was on its
      // way: ask again, without conditions.
      if (answered !== undefined) return answered;
      return await lead({ ...need, validating: undefined, fallback: validating }, flight);
    }
    const stale = isOriginError(response.status)
      ? await staleInstead(need, { forwardStatus: response.status })
      : undefined;
    if (stale === undefined) {
      const replaced = atHand(need);
      const told = { ...need, asked: sent };
      if (sent.method === "HEAD" && replaced !== undefined) learnFromHead(fresh, replaced, told);
      discardBody(replaced?.stored);
      const tell: Flight["settle"] = (outcome) => flight.settle(outcome);
      return endedBehind(sendAndStore(fresh, told, tell), need, flight);
    }
    flight.settle(failedWith(response, ports.nowAtMs()));
    ports.flights.end(key.text, flight);
    letGo(response);
    return stale;
  } catch (cause) {
    ports.flights.end(key.text, flight);
    throw cause;
  }
}

/**
 * None of what a hard purge covers, or may cover: a 304 would bring the very body back. What a soft
 * one covers is not validated by a date that can stand for two versions.
 */
function validatorsOf(need: Need): [name: string, value: string][] {
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
  const { asked, ports, key } = need;
  const question = questionOf(need);
  if (mayBeValidated(question, validating)) return true;
  if (judgedUnder(question, validating).kind === "purged") return false;
  // It may be the view alone that is too old.
  const { atMs } = question;
  const { stamp } = validating.stored.metadata;
  await ports.view.seek({ atMs, host: key.host, afterAnswer: ports.afterAnswer }, stamp);
  return mayBeValidated(questionOf({ asked, ports }), validating);
}

async function originFailed(
  failure: "unreachable" | "timeout",
  need: Need,
  flight: Flight,
): Promise<Answer> {
  const stale = await staleInstead(need, {});
  const come = stale === undefined ? await storedMeanwhile(need) : undefined;
  // Those who wait need not look for themselves.
  if (come?.stored.body.kind === "blob") flight.settle({ kind: "stored", stored: come.stored });
  else flight.settle({ kind: "origin-failed", failure });
  need.ports.flights.end(need.key.text, flight);
  if (come !== undefined) return answeredBy(come, need);
  return stale ?? failurePage({ failure }, need);
}

type Told = Pick<Extract<Handling, { kind: "forwarded" }>, "forwardStatus" | "collapsed">;

/**
 * RFC 5861 §4: a stale response in place of an error, where one is allowed. While the origin was
 * waited for, the view may have become too old to tell.
 *
 * @param told what the origin came to; `unasked` where it is known to fail
 */
export async function staleInstead(
  need: Need,
  told: Told | "unasked",
): Promise<Answer | undefined> {
  const { asked, ports, reason } = need;
  const known = await lookedFurther(need);
  const kept = atHand(known);
  if (kept !== undefined) await settleDoubt(kept, need);
  const allowed = decideOnError(kept, questionOf(need));
  if (allowed === undefined) {
    if (known !== need) discardBody(kept?.stored);
    return undefined;
  }
  const { candidate, ageSeconds, ttlSeconds } = allowed;
  const unverified = isUnverified(questionOf(need), candidate);
  if (unverified) ports.metrics.answeredUnverified();
  const detail = "stale-if-error";
  const handling: Handling =
    told === "unasked"
      ? { kind: "hit", ttlSeconds, detail, unverified }
      : { kind: "forwarded", reason, ...told, detail, unverified };
  const response = fromStored(candidate.stored, { asked, ports, ageSeconds, handling });
  return { response, outcome: "stale-hit" };
}

/** Where no stale response may answer in its place. */
export function failurePage(failed: FailedForward, need: Need): Answer {
  discardBody(atHand(need)?.stored);
  return { response: plainPage(failed.failure, failed), outcome: "failed" };
}
