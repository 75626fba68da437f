// Describes the result of warming a page in the words of the response.
import { reach } from "../config/tier-names.ts";
import { isErrorStatus } from "../rules/fields.ts";
import { unreachable } from "../rules/unreachable.ts";
import type { Decision } from "../observe/decision.ts";
import type { StoreRefusal } from "../proxy/storing/refusal.ts";
import type { SkippedPage, WarmedPage } from "../proxy/warm/warm-page.ts";
import { groundOfPass } from "./explain/grounds.ts";
import { groundOfRefusal } from "./explain/grounds-of-refusal.ts";
import type { WarmAnswer } from "../protocol/answers.ts";

type WarmReport = Pick<WarmAnswer, "result" | "status" | "why">;

type AskedPage = Extract<WarmedPage, { kind: "asked" }>;

/** @param came `undefined` on a timeout */
export function reportOfPage(page: string, came: WarmedPage | undefined): WarmAnswer {
  return { page, ...reportOf(came) };
}

function reportOf(came: WarmedPage | undefined): WarmReport {
  if (came === undefined)
    return failed("it was not over within 25 s; it goes on behind the answer");
  switch (came.kind) {
    case "already":
      return reportOfFresh(came.inShared);
    case "passed-by":
      return { result: "passed-by", why: whyPassedBy(came) };
    case "fault":
      return failed("Tidemark itself has failed; its log tells more");
    case "origin-in-trouble":
      return failed("its origin fails, and it is not yet time to ask it again");
    case "still-under-way":
      return failed("another request has asked for it, and nothing fresh came of that");
    case "asked":
      return reportOfAnswer(came);
    default:
      return unreachable(came);
  }
}

function reportOfFresh(inShared: Extract<WarmedPage, { kind: "already" }>["inShared"]): WarmReport {
  if (inShared === "there") return { result: "already" };
  const why = inThisColo(inShared);
  return inShared === "unavailable" ? failed(why) : { result: "already", why };
}

const failed = (why: string): WarmReport => ({ result: "failed", why });

const grounds: Readonly<Record<SkippedPage["by"], { readonly why: string }>> = {
  ...groundOfPass,
  reserved: { why: "paths below /_cache/ are for the operator of this deployment" },
  host: { why: "its host is not one of this site's" },
  field: { why: "it has fields of one client, or of one request alone" },
  cf: { why: "its route keys by request.cf, which only a visitor's request has" },
  "unknown-cookie": {
    why: "it has a cookie that the configuration does not know, so it may be of a session",
  },
};

function whyPassedBy({ by, names }: SkippedPage): string {
  return withNames(grounds[by].why, names);
}

function withNames(why: string, names: readonly string[]): string {
  return names.length === 0 ? why : `${why}: ${names.join(", ")}`;
}

function reportOfAnswer(asked: AskedPage): WarmReport {
  const { isRefreshed, decision, outcome } = asked;
  if (outcome?.kind === "origin-failed") return reportOfFailure(outcome, decision);
  const status = decision.forwardStatus;
  const ofAnswer = status === undefined ? {} : { status };
  const { refused } = decision;
  if (refused !== undefined) {
    const rule = refused.rule as StoreRefusal;
    const result = rule === "cut-short" ? "failed" : "not-stored";
    return { result, ...ofAnswer, why: withNames(groundOfRefusal[rule].why, refused.names) };
  }
  if (!isRefreshed) return { ...failed("the origin's answer is an error"), ...ofAnswer };
  return { ...reportOfTiers(asked), ...ofAnswer };
}

function reportOfFailure(
  outcome: Extract<AskedPage["outcome"], { kind: "origin-failed" }>,
  { forwardStatus }: Decision,
): WarmReport {
  const status = outcome.status ?? forwardStatus;
  if (status !== undefined) return { ...failed(`the origin answered ${status}`), status };
  return failed(
    outcome.failure === "timeout"
      ? "the origin did not answer in time"
      : "the origin could not be reached",
  );
}

/** Describes where the page was stored. Warming targets the shared tier, so its absence there is reported. */
function reportOfTiers(asked: AskedPage): WarmReport {
  const changes = [...asked.decision.changes, ...(asked.second?.changes ?? [])];
  if (changes.length === 0) {
    const why = "it was invalidated, or its route was switched off, while it was asked for";
    return { result: "not-stored", why };
  }
  if (changes.every(({ kind }) => kind !== "kept")) return failed(groundOfRefusal.unavailable.why);
  const kinds = changes.filter(({ tier }) => reach([tier], "world")).map(({ kind }) => kind);
  if (kinds.length > 0 && kinds.every((kind) => kind === "kept")) return { result: "warmed" };
  const kind = kinds.find((one) => one !== "kept") ?? whyNotWritten(asked);
  return { result: kind === "unavailable" ? "failed" : "warmed", why: inThisColo(kind) };
}

const inThisColo = (kind: string): string =>
  `in this colo alone: ${lacking[kind] ?? `the shared tier did not take it (${kind})`}`;

const lacking: Readonly<Record<string, string>> = {
  "no-shared": "there is no shared tier for it",
  "error-status": "an error goes there at its second ask",
};

/** Returns why a stored response was never written to the shared tier. */
function whyNotWritten({ hasShared, outcome }: AskedPage): string {
  if (!hasShared) return "no-shared";
  const metadata = outcome?.stored?.metadata;
  if (metadata === undefined) return "too-large";
  return isErrorStatus(metadata.status) ? "error-status" : "unavailable";
}
