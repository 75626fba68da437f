// Explains a page's last response that this isolate remembers: why it was not stored, or which
// tiers stored it.
import type { Site } from "../../../pages/site/site.ts";
import type { Config, Route } from "../../../config/config.ts";
import type { RuleAndNames } from "../../../rules/cache-status.ts";
import { termsOf } from "../../../pages/stored/lifetime.ts";
import type { StoredMetadata } from "../../../pages/stored/stored-response.ts";
import type { LookupRequest } from "../../../pages/request/plan.ts";
import type { LastPass } from "../../../pages/site/answers-port.ts";
import { type LastAnswer, LastAnswers } from "./last-answers.ts";
import type { StoreRefusal } from "../../../pages/storing/refusal.ts";
import { rounded } from "./copies.ts";
import { type Ground, groundOfPass, groundOfRefusal, lifetimeSource } from "./grounds.ts";
import {
  hintOfCookies,
  hintOfCredentials,
  hintOfSetCookie,
  neverFresh,
  tooLarge,
} from "./hints.ts";

/** The origin's response to a GET, and whether it was stored. Seconds are rounded to thousandths. */
export type LastAnswerAccount = Readonly<ReturnType<typeof lastAnswerAccount>>;

/** A request that bypassed the cache. */
export type LastPassedAccount = Readonly<ReturnType<typeof lastPassedAccount>>;

/**
 * Returns the last answer and the last bypassed request, if they help to explain the lookup.
 *
 * @param stored `answers`: a stored response answers; `found`: a stored response exists, but does
 *   not answer; `undefined`: no stored response was found
 */
export function lastFor(
  { url, route }: LookupRequest,
  { answers, config }: Site,
  stored: "answers" | "found" | undefined,
): { last?: LastAnswerAccount; lastPassed?: LastPassedAccount } {
  if (!(answers instanceof LastAnswers)) return {};
  const answer = stored === "answers" ? undefined : answers.answerOf(url);
  const pass = answers.passOf(url);
  // If the lookup found a stored response, `tiers` already shows it, so only a refusal is new.
  const isNews = stored === undefined || answer?.refused !== undefined;
  // If a stored response answers, a request that bypassed the cache for its method, such as POST, explains
  // nothing.
  const isOfReaders = stored !== "answers" || pass?.rule !== "method";
  return {
    ...(answer && isNews && { last: lastAnswerAccount(answer, route, config) }),
    ...(pass && isOfReaders && { lastPassed: lastPassedAccount(pass) }),
  };
}

const noTierTook: Ground = { clause: "tiers", why: "no tier of the route kept it" };

/**
 * Returns the account of a response.
 *
 * @param route the page's route, which may set the lifetime
 */
function lastAnswerAccount(answer: LastAnswer, route: Route, config: Config) {
  const { metadata, refused, changes, isReportedStored, isMadePrivate } = answer;
  const { status, fields, respondedAtMs } = metadata;
  const terms = termsOf(metadata, route);
  const refusal = refused ?? refusedByAll(changes);
  return {
    at: new Date(respondedAtMs).toISOString(),
    status,
    lifetimeSeconds: rounded(terms.lifetimeSeconds),
    lifetimeFrom: lifetimeSource(metadata, route),
    /** A value of 2 or more means that another cache had it, the origin was slow, or a clock is wrong. */
    ageOnArrivalSeconds: rounded(terms.initialAgeSeconds),
    /** The response's fields that control caching. */
    said: fields,
    ...(refusal && {
      notStored: { ...refusal, ...refusalGround(refusal, metadata, { route, config }) },
    }),
    /** Whether its `Cache-Status` said `stored`. `Cache-Status` is sent before the whole body arrives. */
    isReportedStored,
    /** Whether Tidemark added `private` to the Cache-Control of the client's answer. */
    isMadePrivate,
    /** The result of each tier to which the response was written. */
    tiers: Object.fromEntries(changes.map(({ tier, kind }) => [tier, kind])),
  };
}

function lastPassedAccount({ atMs, ...passed }: LastPass) {
  return { at: new Date(atMs).toISOString(), ...passed, ...groundOfPass[passed.rule] };
}

/** Returns the refusal of a response that was written to tiers, but that none of them stored. */
function refusedByAll(changes: LastAnswer["changes"]): RuleAndNames | undefined {
  const [first] = changes;
  if (first === undefined || changes.some(({ kind }) => kind === "kept")) return undefined;
  return { rule: first.kind, names: [] };
}

function refusalGround(
  { rule, names }: RuleAndNames,
  metadata: StoredMetadata,
  { route, config }: { route: Route; config: Config },
): Ground {
  const ground = groundOfRefusal[rule as StoreRefusal] ?? noTierTook;
  if (rule === "no-use") return { ...ground, ...neverFresh(metadata, route) };
  if (rule === "too-large") return { ...ground, ...tooLarge(metadata.bodyBytes, route, config) };
  if (rule === "set-cookie") return { ...ground, hint: hintOfSetCookie(names) };
  if (rule === "credential-field") return { ...ground, hint: hintOfCredentials(names) };
  return rule === "unknown-cookie" ? { ...ground, hint: hintOfCookies(names) } : ground;
}
