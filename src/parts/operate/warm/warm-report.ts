// Converts the result of warming a page to its part of the answer.
import { reach } from "../../../config/tier-names.ts";
import { isErrorStatus } from "../../../rules/fields.ts";
import { unreachable } from "../../../base/unreachable.ts";
import type { Decision } from "../../../observe/decision.ts";
import type { OriginFailure } from "../../../pages/site/origin-outcome.ts";
import type { WarmedPage } from "./warm-page.ts";
import type { WarmAnswer } from "../../../protocol/answers.ts";

type WarmReport = Pick<WarmAnswer, "result" | "status" | "why">;

type AskedPage = Extract<WarmedPage, { kind: "asked" }>;

/**
 * Returns the report on a page.
 *
 * @param result `undefined` on a timeout
 */
export function reportOfPage(page: string, result: WarmedPage | undefined): WarmAnswer {
  return { page, ...reportOf(result) };
}

function reportOf(result: WarmedPage | undefined): WarmReport {
  if (result === undefined)
    return failed("its warming did not finish within 25 s, and continues in the background");
  switch (result.kind) {
    case "already":
      return reportOfFresh(result.inShared);
    case "passed-by":
      return { result: "passed-by", why: codeOf(result.by, result.names) };
    case "fault":
      return failed("Tidemark itself failed; its log has the error");
    case "origin-in-trouble":
      return failed("its origin fails, and Tidemark waits before the next request to it");
    case "still-under-way":
      return failed("another request was fetching it, and there was no fresh response afterwards");
    case "asked":
      return reportOfAnswer(result);
    default:
      return unreachable(result);
  }
}

function reportOfFresh(inShared: Extract<WarmedPage, { kind: "already" }>["inShared"]): WarmReport {
  if (inShared === "there") return { result: "already" };
  const why = inThisColo(inShared);
  return inShared === "unavailable" ? failed(why) : { result: "already", why };
}

const failed = (why: string): WarmReport => ({ result: "failed", why });

/** Returns a code as in `Cache-Status`, with its names. */
const codeOf = (code: string, names: readonly string[]): string => [code, ...names].join(" ");

function reportOfAnswer(page: AskedPage): WarmReport {
  const { isRefreshed, decision, outcome } = page;
  if (outcome?.kind === "origin-failed") return reportOfFailure(outcome, decision);
  const status = decision.forwardStatus;
  const ofAnswer = status === undefined ? {} : { status };
  const { refused } = decision;
  if (refused !== undefined) {
    const result = refused.rule === "cut-short" ? "failed" : "not-stored";
    return { result, ...ofAnswer, why: codeOf(refused.rule, refused.names) };
  }
  if (!isRefreshed) return { ...failed("the origin's answer is an error"), ...ofAnswer };
  return { ...reportOfTiers(page), ...ofAnswer };
}

function reportOfFailure(
  outcome: Extract<AskedPage["outcome"], { kind: "origin-failed" }>,
  { forwardStatus }: Decision,
): WarmReport {
  const status = outcome.status ?? forwardStatus;
  if (status !== undefined) return { ...failed(`the origin answered ${status}`), status };
  return failed(`the origin ${failures[outcome.failure]}`);
}

const failures: Readonly<Record<OriginFailure, string>> = {
  unreachable: "could not be reached",
  "invalid-response": "sent an invalid response",
  "fields-too-large": "sent too large header fields",
  timeout: "did not answer in time",
  "error-status": "answered with an error",
};

/**
 * Describes where the page was stored. Warming targets the shared tier, so the report says why a
 * page is missing there.
 */
function reportOfTiers(page: AskedPage): WarmReport {
  const changes = [...page.decision.changes, ...(page.second?.changes ?? [])];
  if (changes.length === 0) {
    const why = "it was invalidated, or its route was switched off, while Tidemark fetched it";
    return { result: "not-stored", why };
  }
  if (changes.every(({ kind }) => kind !== "kept"))
    return failed("all writes to the route's tiers failed");
  const kinds = changes.filter(({ tier }) => reach([tier], "world")).map(({ kind }) => kind);
  if (kinds.length > 0 && kinds.every((kind) => kind === "kept")) return { result: "warmed" };
  const kind = kinds.find((one) => one !== "kept") ?? whyNotWritten(page);
  return { result: kind === "unavailable" ? "failed" : "warmed", why: inThisColo(kind) };
}

const inThisColo = (kind: string): string =>
  `only in this colo: ${lacking[kind] ?? `the shared tier did not store it (${kind})`}`;

const lacking: Readonly<Record<string, string>> = {
  "no-shared": "there is no shared tier for it",
  "error-status": "the shared tier stores an error only when the page is requested again",
};

/** Returns why a stored response was never written to the shared tier. */
function whyNotWritten({ hasShared, outcome }: AskedPage): string {
  if (!hasShared) return "no-shared";
  const metadata = outcome?.stored?.metadata;
  if (metadata === undefined) return "too-large";
  return isErrorStatus(metadata.status) ? "error-status" : "unavailable";
}
