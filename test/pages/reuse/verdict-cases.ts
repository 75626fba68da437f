// Returns the verdict on a stored response, a request and a time as text, for tests of verdicts. A
// verdict says what a request may do with a stored response: answer, answer stale, validate or
// forward.
import { Invalidations } from "../../../src/pages/site/remembered-keys.ts";
import { noJournal } from "../../../src/purge/view/view-port.ts";
import type { PurgeJudgement } from "../../../src/purge/view/view-port.ts";
import type { Candidate } from "../../../src/pages/stored/stored-response.ts";
import {
  decide,
  type MissReason,
  type VerdictQuestion,
} from "../../../src/pages/reuse/may-answer.ts";
import {
  askedWith,
  configWith,
  type RouteChanges,
  storedAtMs,
  storedWith,
} from "../../../testing/examples/requests.ts";

export interface Case {
  readonly id?: string;
  /** Cache-Control of the stored response. */
  readonly stored?: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly ageSeconds?: number;
  /** Cache-Control of the request. */
  readonly asks?: string;
  readonly cookie?: string;
  readonly route?: RouteChanges;
  readonly judged?: PurgeJudgement;
}

export const etag = { etag: '"a"' };

export function candidateOf({ stored = "max-age=60", more = {} }: Case): Candidate {
  return { stored: storedWith({ "cache-control": stored, ...more }), tier: "edge" };
}

export function questionOf(given: Case): VerdictQuestion {
  const { ageSeconds = 0, asks, cookie, route = {}, judged = { kind: "usable" } } = given;
  const headers = {
    ...(asks === undefined ? {} : { "cache-control": asks }),
    ...(cookie === undefined ? {} : { cookie }),
  };
  const config = configWith(route);
  return {
    request: askedWith({ headers }, config),
    exchange: {
      colo: () => "HAM",
      site: {
        config,
        view: { ...noJournal, judge: () => judged },
        invalidations: new Invalidations(),
      },
    },
    atMs: storedAtMs + ageSeconds * 1_000,
  };
}

export const verdictOf = (given: Case, found: Candidate | MissReason = candidateOf(given)) => {
  const verdict = decide(found, questionOf(given));
  if (verdict.kind === "serve-stale")
    return `serve-stale${verdict.by === "stale-while-revalidate" ? "+refresh" : ""}`;
  return "reason" in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
};
