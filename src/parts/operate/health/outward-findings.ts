// The finding on targets of outward purges that are behind.
import { unreachable } from "../../../base/unreachable.ts";
import { isoOf } from "../../../base/iso-date.ts";
import { outwardVariable } from "../../../protocol/variables/outward-secrets.ts";
import { type Finding, spanOf } from "../../../protocol/finding.ts";
import type { FailedOutcome } from "../../../protocol/outward.ts";
import type { SiteState } from "./site-state.ts";

/** The cron trigger delivers once a minute, so shorter delays need no attention. */
const lateMsMin = 180_000;
const criticalMsMin = 900_000;
const aheadMsMin = 60_000;

export function outwardBehind({ outward, atMs }: SiteState): Finding[] {
  return (outward?.reports ?? []).flatMap(([name, report]): Finding | [] => {
    if (report.kind === "unavailable") return [];
    const { waitingSinceAtMs = atMs, aheadMs, failures } = report;
    const lateMs = atMs - waitingSinceAtMs - (outward?.dueAfterMs ?? 0);
    const isUnauthorized = failures?.outcome === "unauthorized";
    const isAhead = aheadMs >= aheadMsMin;
    if (lateMs < lateMsMin && !isUnauthorized && !isAhead) return [];
    return {
      code: "outward-behind",
      level: isUnauthorized || lateMs >= criticalMsMin ? "critical" : "warning",
      about: `target ${JSON.stringify(name)}`,
      what: "The cache in front may still answer with responses that were purged here.",
      since: isoOf(failures?.sinceAtMs ?? waitingSinceAtMs),
      cause:
        failures === undefined
          ? isAhead
            ? `The journal dates purges ${spanOf(aheadMs)} ahead of its clock, which was set back. Each purge reaches the target up to two minutes late.`
            : `The oldest purge waits for ${spanOf(atMs - waitingSinceAtMs)}, and nothing failed.`
          : `${causes[failures.outcome]}${failures.status === 0 ? "" : ` (${failures.status})`}.`,
      remedy:
        failures === undefined && isAhead
          ? "Check the time synchronization of the Redis server. This ends by itself once its clock has passed the dates."
          : remedyOf(name, failures?.outcome),
    };
  });
}

const causes: Readonly<Record<FailedOutcome, string>> = {
  "rate-limited": "The target's rate limit is exhausted",
  unauthorized: "The target refused the credential",
  refused: "The target refused the purge",
  unavailable: "The target cannot be reached, or fails",
  "timed-out": "The target does not answer in time",
};

function remedyOf(name: string, outcome: FailedOutcome | undefined): string {
  const again = `Then run tidemark outward deliver ${name}.`;
  switch (outcome) {
    case undefined:
      return "Check that the cron trigger runs each minute. If there are more purges than the target's rate limit allows, purge by tags or prefixes.";
    case "unauthorized":
      // A server of a target has no credential of its own.
      return `Check ${outwardVariable(name.replace(/@.*/, ""))}, and the permissions of this credential. ${again}`;
    case "refused":
      return `Check the options of this target in the configuration: its id and its hosts. ${again}`;
    case "rate-limited":
      return "Check whether other programs purge with the same account. Purge by tags or prefixes in place of many URLs.";
    case "unavailable":
    case "timed-out":
      return `Tidemark tries again by itself. Check the status page of the target. To purge everything there once and go on, run tidemark outward skip ${name}.`;
    default:
      return unreachable(outcome);
  }
}
