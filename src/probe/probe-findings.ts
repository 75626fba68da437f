// The findings of a purge probe: late purges, and a probe that cannot run.
import { countedIn, recentWindows } from "../admin/health/traffic-findings.ts";
import { isoOf } from "../base/iso-date.ts";
import type { Fault } from "../base/operator-error.ts";
import type { Finding } from "../protocol/finding.ts";
import type { OpenProbe } from "./port/probe-part.ts";

type Inspection = Parameters<OpenProbe["findings"]>[0];

/** Returns the finding on a probe that is off. */
export function probeOff({ what, why: cause, hint: remedy }: Fault): readonly Finding[] {
  return [{ code: "configuration", level: "warning", what, since: null, cause, remedy }];
}

/**
 * Returns the finding on purged versions that answered in the last 15 minutes.
 *
 * @param lateSinceAtMs since when they have answered in this isolate; `undefined` if they do not
 */
export function purgeLate(seen: Inspection, lateSinceAtMs: number | undefined): readonly Finding[] {
  const windows = recentWindows(seen).map(({ fromAtMs, sums }) => ({
    fromAtMs,
    late: countedIn(sums, "purgeProbes").filter(({ labels }) => labels[1] === "late"),
  }));
  const counted = windows.filter(({ late }) => late.length > 0);
  const startsAtMs = counted.map(({ fromAtMs }) => fromAtMs);
  if (lateSinceAtMs !== undefined) startsAtMs.push(lateSinceAtMs);
  if (startsAtMs.length === 0) return [];
  const all = counted.flatMap(({ late }) => late);
  const colos = [...new Set(all.map(({ labels: [colo] }) => colo || "an unnamed one"))];
  return [
    {
      code: "purge-late",
      level: "critical",
      what: `Purged pages still answer after N${colos.length === 0 ? " in this isolate" : `, in the colos: ${colos.toSorted().join(", ")}`}.`,
      since: isoOf(Math.min(...startsAtMs)),
      cause:
        "A replica of the journal's database lags by more than A, the clocks of a colo differ by more than A, or Tidemark has a fault.",
      remedy:
        "Run tidemark probe. With read replicas, set purge.readReplicas. Otherwise raise purge.clockAllowanceSeconds. If neither helps, report it.",
    },
  ];
}
