// Answers a request by way of the origin: one forward for all who ask for the same, and a stale
// response in its place if the origin fails.
import type { Handling } from "../http/cache-status.ts";
import { selects } from "../http/selecting.ts";
import { bodyDateOf, fieldsOf } from "../http/stored-response.ts";
import { conditionalFields, hasStrongDate } from "../http/validators.ts";
import { Flight, type FlightOutcome } from "./collapse.ts";
import type { Fresh } from "./fill.ts";
import { forwardAsked, isOriginError } from "./forward.ts";
import { type Answer, type Need, questionOf } from "./need.ts";
import { plainPage } from "./plain-page.ts";
import { discardBody, fromStored } from "./respond.ts";
import { sendAndStore } from "./send-and-store.ts";
import { learnFromHead, validated } from "./validate.ts";
import { decide, decideOnError, isUnverified, judgedUnder } from "./verdict.ts";

/** How long a follower waits for its leader before it goes to the origin itself. */
const patienceMs = 10_000;

/** How often it may find another leader to wait for. */
const turnsMax = 2;

export async function answerFromOrigin(need: Need): Promise<Answer> {
  const { ports, key } = need;
  if (!mayCollapse(need)) return lead(need, new Flight(ports.nowAtMs()));
  for (let turn = 0; turn < turnsMax; turn += 1) {
    const running = ports.flights.get(key.text, ports.nowAtMs());
    if (running === undefined || running.stored !== undefined) {
      return leadOn(need, ports.flights.begin(key.text, ports.nowAtMs()));
    }
    const outcome = await running.wait(patienceMs);
    if (outcome !== "out-of-patience") {
      return followed(outcome, need) ?? lead(need, new Flight(ports.nowAtMs()));
    }
    // Its leader is gone or too slow: the first to notice leads anew, and the others follow.
    ports.flights.end(key.text, running);
  }
  return lead(need, new Flight(ports.nowAtMs()));
}

/** A client that leaves must not end what others wait for. */
function leadOn(need: Need, flight: Flight): Promise<Answer> {
  const leading = lead(need, flight);
  need.ports.afterAnswer(async () => void (await leading.catch(() => undefined)));
  return leading;
}

/** What may be answered to one client alone is asked for alone. */
function mayCollapse({ asked, ports, key }: Need): boolean {
  const { method, hasUnknownCookie, directives, conditions } = asked;
  const isForAll = !hasUnknownCookie && !directives.noStore && !conditions.has("range");
  return method === "GET" && isForAll && !ports.uncacheable.has(key.text, ports.nowAtMs());
}

/**
 * What a follower receives is judged like any stored response, under its own view and clock.
 *
 * @returns `undefined` if the follower has to go to the origin itself
 */
function followed(outcome: FlightOutcome, need: Need): Answer | undefined {
  if (outcome.kind === "nothing-to-share") return undefined;
  if (outcome.kind === "origin-failed") {
    const { failure } = outcome;
    const stale = staleInstead(need, { collapsed: true });
    if (stale !== undefined || failure === "error-status") return stale;
    return failurePage(failure);
  }
  const { asked, ports, reason, key } = need;
  const { stored } = outcome;
  if (!selects(stored.metadata.selecting, asked.forwarded)) return undefined;
  const verdict = decide({ stored, tier: "memory", key }, questionOf(need));
  if (verdict.kind !== "serve" && verdict.kind !== "serve-stale") return undefined;
  discardBody((need.validating ?? need.fallback)?.stored);
  const handling: Handling = { kind: "forwarded", reason, collapsed: true };
  const { ageSeconds } = verdict;
  return {
    response: fromStored(stored, { asked, ports, ageSeconds, handling }),
    outcome: "collapsed",
  };
}

/** Goes to the origin. Whatever happens, those who wait are told. */
export async function lead(need: Need, flight: Flight): Promise<Answer> {
  const { asked, ports, key } = need;
  const validators = validatorsOf(need);
  const validating = validators.length > 0 ? need.validating : undefined;
  try {
    // Taken before the request is sent: a purge from here on covers this response.
    const stamp = await ports.view.stamp({
      atMs: ports.nowAtMs(),
      host: key.host,
      afterAnswer: ports.afterAnswer,
    });
    const answer = await forwardAsked(asked, validators, ports);
    if (answer.kind === "failed") return originFailed(answer.failure, need, flight);
    const fresh: Fresh = { ...answer, stamp };
    const { response } = fresh;
    // Nobody asked on a condition, and what would not have changed is not known.
    if (validating === undefined && response.status === 304) {
      return originFailed("unreachable", need, flight);
    }
    if (validating !== undefined && response.status === 304) {
      const answered = await validated(fresh, validating, need, flight);
      // The 304 was about another response than ours: ask again, without conditions.
      if (answered !== undefined) return answered;
      return await lead({ ...need, validating: undefined, fallback: validating }, flight);
    }
    const stale = isOriginError(response.status)
      ? staleInstead(need, { forwardStatus: response.status })
      : undefined;
    if (stale === undefined) {
      const replaced = need.validating ?? need.fallback;
      if (asked.method === "HEAD" && replaced !== undefined) learnFromHead(fresh, replaced, need);
      discardBody(replaced?.stored);
      return sendAndStore(fresh, need, flight);
    }
    flight.settle({ kind: "origin-failed", failure: "error-status" });
    ports.flights.end(key.text, flight);
    await response.body?.cancel();
    return stale;
  } catch (cause) {
    ports.flights.end(key.text, flight);
    throw cause;
  }
}

/** What a purge may cover is not validated by a date that can stand for two versions. */
function validatorsOf(need: Need): [name: string, value: string][] {
  const { validating } = need;
  if (validating === undefined) return [];
  const { kind } = validating.stored.body;
  // Without its body it could answer nobody but the client that has it; and for a HEAD none is read
  // again to be stored anew.
  if (kind === "absent" || (kind === "stream" && need.asked.method === "HEAD")) return [];
  const { metadata } = validating.stored;
  const stored = fieldsOf(metadata);
  const isTrusted = judgedUnder(questionOf(need), validating).kind === "usable";
  return conditionalFields(stored, isTrusted || hasStrongDate(stored, bodyDateOf(metadata)));
}

function originFailed(failure: "unreachable" | "timeout", need: Need, flight: Flight): Answer {
  flight.settle({ kind: "origin-failed", failure });
  need.ports.flights.end(need.key.text, flight);
  const stale = staleInstead(need, {});
  if (stale === undefined) discardBody((need.validating ?? need.fallback)?.stored);
  return stale ?? failurePage(failure);
}

type Told = Pick<Extract<Handling, { kind: "forwarded" }>, "forwardStatus" | "collapsed">;

/** RFC 5861 §4: a stale response in place of an error, where one is allowed. */
function staleInstead(need: Need, told: Told): Answer | undefined {
  const { asked, ports, reason } = need;
  const allowed = decideOnError(need.validating ?? need.fallback, questionOf(need));
  if (allowed === undefined) return undefined;
  const { candidate, ageSeconds } = allowed;
  const unverified = isUnverified(questionOf(need), candidate);
  if (unverified) ports.metrics.answeredUnverified();
  const detail = "stale-if-error";
  const handling: Handling = { kind: "forwarded", reason, ...told, detail, unverified };
  const response = fromStored(candidate.stored, { asked, ports, ageSeconds, handling });
  return { response, outcome: "stale-hit" };
}

function failurePage(failure: "unreachable" | "timeout"): Answer {
  return { response: plainPage(failure === "timeout" ? 504 : 502), outcome: "failed" };
}
