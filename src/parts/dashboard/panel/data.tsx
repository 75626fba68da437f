// Namespaces of data, and counters and buffers that are written behind.
import { Table, ageOf, shown } from "../chart/elements.tsx";
import type { DashboardPorts, DashboardTotals } from "../port/ports.ts";
import { countsBy, countsText } from "./totals-table.ts";

interface DataProps {
  readonly totals: DashboardTotals;
  readonly sets: ReturnType<DashboardPorts["sets"]>;
  readonly atMs: number;
}

export function Data({ totals, sets, atMs }: DataProps) {
  const by = (family: Parameters<typeof countsBy>[1]) => countsBy(totals.sums, family);
  const [requests, loads, refreshes, unpurged] = [
    by("dataRequests"),
    by("dataLoads"),
    by("dataRefreshes"),
    by("dataUnpurged"),
  ];
  const [changes, flushes, flushed] = [
    by("behindChanges"),
    by("behindFlushes"),
    by("behindFlushedChanges"),
  ];
  return (
    <section>
      <h2>Data</h2>
      <Table
        caption={`Namespaces, all isolates since ${new Date(totals.startedAtMs).toISOString()}`}
        heads={["Namespace", "Requests", "Loads", "Refreshes", "Writes before their purge"]}
        rows={Array.from(requests, ([name, results]) => [
          name,
          countsText(results),
          countsText(loads.get(name)),
          countsText(refreshes.get(name)),
          shown(unpurged.get(name)?.get("") ?? 0, "count"),
        ])}
        none="No namespace of data has reported."
      />
      <h2>Write-behind</h2>
      <Table
        caption="Counters and buffers, all isolates"
        heads={["Set", "Changes", "Flushes", "Confirmed changes"]}
        rows={Array.from(changes, ([name, results]) => [
          name,
          countsText(results),
          countsText(flushes.get(name)),
          shown(flushed.get(name)?.get("") ?? 0, "count"),
        ])}
        none="No counter or buffer has reported."
      />
      <Table
        caption="Backlogs, as the isolate that answered last read them"
        heads={["Set", "Waiting keys", "Limit", "Oldest overdue by", "Dead letters", "Read"]}
        rows={Array.from(sets ?? [], ([name, { backlog, deadLetterCount }]) => [
          name,
          shown(backlog.keyCount, "count"),
          shown(backlog.backlogMax, "count"),
          backlog.overdueMs > 0 ? ageOf(backlog.overdueMs) : "–",
          shown(deadLetterCount, "count"),
          backlog.heardAtMs > 0 ? `${ageOf(atMs - backlog.heardAtMs)} ago` : "not yet",
        ])}
        none="This isolate has no counter or buffer."
      />
    </section>
  );
}
