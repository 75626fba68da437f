// The finding on targets of outward purges that are behind.
import { isoOf } from "../../base/iso-date.ts";
import { outwardVariable } from "../../protocol/variables/secret-variables.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { Outward } from "./create-outward.ts";

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
    const target = name.replace(/@.*/, "");
    const isAhead = failures === undefined && aheadMs >= aheadMsMin;
    return {
      code: "outward-behind",
      ...(failures && { case: `outward-${failures.outcome}` as const }),
      ...(isAhead && { case: "outward-ahead" }),
      level: isUnauthorized || lateMs >= criticalMsMin ? "critical" : "warning",
      about: `target ${JSON.stringify(name)}`,
      since: isoOf(failures?.sinceAtMs ?? waitingSinceAtMs),
      values: {
        target: name,
        // A server of a target has no credential of its own.
        variable: outwardVariable(target),
        ...(failures && failures.status !== 0 && { status: failures.status }),
        ...(isAhead ? { aheadMs } : { waitsMs }),
      },
    };
  });
}
