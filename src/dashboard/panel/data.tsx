// Namespaces of data, and counters and buffers that are written behind.
import { Table } from "../chart/table.tsx";
import { shown } from "../chart/units.ts";
import type { DashboardTotals } from "../port/dashboard-part.ts";
import { countsBy, countsText } from "./totals-table.ts";

export function Data({ totals }: { readonly totals: DashboardTotals }) {
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
    </section>
  );
}
