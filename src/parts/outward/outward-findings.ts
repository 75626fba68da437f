// The finding on targets of outward purges that are behind.
import { isoOf } from "../../base/iso-date.ts";
import { outwardVariable } from "../../protocol/variables/secret-variables.ts";
import { type Finding, spanOf } from "../../protocol/finding.ts";
import type { FailedOutcome } from "../../protocol/outward-states.ts";
import type { Outward } from "./create-outward.ts";
import type { TargetReport } from "./port/outward-target.ts";

/** The cron trigger delivers once a minute, so shorter delays need no attention. */
const lateMsMin = 180_000;
const criticalMsMin = 900_000;
const aheadMsMin = 60_000;

/** The states of all targets. */
export type Reports = Awaited<ReturnType<Outward["reports"]>>;

/** @param dueAfterMs the time from a purge's acceptance until it is due */
export function outwardBehind(reports: Reports, dueAfterMs: number, atMs: number): Finding[] {
  return reports.flatMap(([name, report]): Finding | [] => {
    if (report.kind === "unavailable") return [];
    const { waitingSinceAtMs = atMs, aheadMs, failures } = report;
    const waitsMs = atMs - waitingSinceAtMs;
    const lateMs = waitsMs - dueAfterMs;
    const isUnauthorized = failures?.outcome === "unauthorized";
    if (lateMs < lateMsMin && !isUnauthorized && aheadMs < aheadMsMin) return [];
    const { cause, remedy } = reasonOf(name, report, waitsMs);
    return {
      code: "outward-behind",
      level: isUnauthorized || lateMs >= criticalMsMin ? "critical" : "warning",
      about: `target ${JSON.stringify(name)}`,
      what: "The cache in front may still answer with responses that were purged here.",
      since: isoOf(failures?.sinceAtMs ?? waitingSinceAtMs),
      cause,
      remedy,
    };
  });
}

function reasonOf(
  name: string,
  { failures, aheadMs }: TargetReport,
  waitsMs: number,
): Pick<Finding, "cause" | "remedy"> {
  if (failures !== undefined) {
    const { outcome, status } = failures;
    const { cause, remedy } = failed[outcome];
    return { cause: `${cause}${status === 0 ? "" : ` (${status})`}.`, remedy: remedy(name) };
  }
  if (aheadMs >= aheadMsMin) {
    return {
      cause: `The journal dates purges ${spanOf(aheadMs)} ahead of its clock, which was set back. Each purge reaches the target up to two minutes late.`,
      remedy:
        "Check the time synchronization of the Redis server. This ends by itself once its clock has passed the dates.",
    };
  }
  return {
    cause: `The oldest purge waits for ${spanOf(waitsMs)}, and nothing failed.`,
    remedy:
      "Check that the cron trigger runs each minute. If there are more purges than the target's rate limit allows, purge by tags or prefixes.",
  };
}

type Reason = { readonly cause: string; readonly remedy: (name: string) => string };

const again = (name: string) => `Then run tidemark outward deliver ${name}.`;
const passes = (name: string) =>
  `Tidemark tries again by itself. Check the status page of the target. To purge everything there once and go on, run tidemark outward skip ${name}.`;

const failed: Readonly<Record<FailedOutcome, Reason>> = {
  "rate-limited": {
    cause: "The target's rate limit is exhausted",
    remedy: () =>
      "Check whether other programs purge with the same account. Purge by tags or prefixes in place of many URLs.",
  },
  unauthorized: {
    cause: "The target refused the credential",
    // A server of a target has no credential of its own.
    remedy: (name) =>
      `Check ${outwardVariable(name.replace(/@.*/, ""))}, and the permissions of this credential. ${again(name)}`,
  },
  refused: {
    cause: "The target refused the purge",
    remedy: (name) =>
      `Check the options of this target in the configuration: its id and its hosts. ${again(name)}`,
  },
  unavailable: { cause: "The target cannot be reached, or fails", remedy: passes },
  "timed-out": { cause: "The target does not answer in time", remedy: passes },
};
