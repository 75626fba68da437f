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
import type { LastAnswerAccount, LookAccount, Reason } from "../../../protocol/explain-answer.ts";
import { lifetimeSource, neverFresh, rounded, tooLarge } from "./reasons.ts";

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
): Pick<LookAccount, "last" | "lastPassed"> {
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
    ...(pass && isOfReaders && { lastPassed: passAccount(pass) }),
  };
}

/**
 * Returns the account of a response.
 *
 * @param route the page's route, which may set the lifetime
 */
function lastAnswerAccount(answer: LastAnswer, route: Route, config: Config): LastAnswerAccount {
  const { metadata, refused, changes, isReportedStored, isMadePrivate } = answer;
  const { status, fields, respondedAtMs } = metadata;
  const terms = termsOf(metadata, route);
  const refusal = refused ?? refusedByAll(changes);
  return {
    at: new Date(respondedAtMs).toISOString(),
    status,
    lifetimeSeconds: rounded(terms.lifetimeSeconds),
    lifetimeFrom: lifetimeSource(metadata, route),
    ageOnArrivalSeconds: rounded(terms.initialAgeSeconds),
    said: fields,
    ...(refusal && {
      notStored: { ...refusal, ...closerReason(refusal, metadata, { route, config }) },
    }),
    isReportedStored,
    isMadePrivate,
    tiers: Object.fromEntries(changes.map(({ tier, kind }) => [tier, kind])),
  };
}

const passAccount = ({ atMs, ...passed }: LastPass) => ({
  at: new Date(atMs).toISOString(),
  ...passed,
});

/** Returns the refusal of a response that was written to tiers, but that none of them stored. */
function refusedByAll(changes: LastAnswer["changes"]): RuleAndNames | undefined {
  const [first] = changes;
  if (first === undefined || changes.some(({ kind }) => kind === "kept")) return undefined;
  return { rule: first.kind, names: [] };
}

function closerReason(
  { rule }: RuleAndNames,
  metadata: StoredMetadata,
  { route, config }: { route: Route; config: Config },
): Reason {
  if (rule === "no-use") return neverFresh(metadata, route);
  return rule === "too-large" ? tooLarge(metadata.bodyBytes, route, config) : {};
}
