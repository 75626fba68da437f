// The results of the purge probe, by colo. Sites without a probe do not show it.
import { Table } from "../chart/table.tsx";
import { shown } from "../chart/units.ts";
import { boundsMs } from "../../observe/histogram.ts";
import type { DashboardTotals } from "../port/dashboard-part.ts";
import { countsBy } from "./totals-table.ts";

export function Probes({ sums, startedAtMs }: DashboardTotals) {
  const [checks, lags] = [countsBy(sums, "purgeProbes"), countsBy(sums, "purgeLag")];
  if (checks.size === 0) return <></>;
  return (
    <>
      <h2>Purge probe</h2>
      <Table
        caption={`Checks of probed purges, all isolates since ${new Date(startedAtMs).toISOString()}`}
        heads={["Colo", "New", "Late", "Unknown", "Median lag", "Largest lag"]}
        rows={Array.from(checks, ([colo, results]) => [
          colo || "unnamed",
          shown(results.get("new") ?? 0, "count"),
          shown(results.get("late") ?? 0, "count"),
          shown(results.get("unknown") ?? 0, "count"),
          lagText(lags.get(colo), 0.5),
          lagText(lags.get(colo), 1),
        ])}
      />
    </>
  );
}

/** Formats the bound below which this share of the lags was, 0 to 1. */
function lagText(lags: ReadonlyMap<string, number> | undefined, share: number): string {
  const buckets = Array.from(lags ?? [], ([label, count]) => ({ label, count }))
    .filter(({ label }) => /^b\d+$/.test(label))
    .map(({ label, count }) => ({ at: Number(label.slice(1)), count }))
    .sort((a, b) => a.at - b.at);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  const reached = buckets.find(({ count }) => (seen += count) >= share * total);
  if (reached === undefined) return "–";
  const boundMs = boundsMs[reached.at];
  return boundMs === undefined
    ? `over ${shown(boundsMs.at(-1), "ms")}`
    : `up to ${shown(boundMs, "ms")}`;
}
