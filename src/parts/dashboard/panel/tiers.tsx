// The tiers: their fill, reads, writes and evictions, and the circuit breakers of this isolate.
import { Table, ageOf, shown } from "../chart/elements.tsx";
import type { OperatorAnswer } from "../../../protocol/answers.ts";
import type { DashboardTotals } from "../port/ports.ts";
import { countsBy, countsText } from "./totals-table.ts";

/** In the order of a lookup. */
const tierOrder = ["memory", "edge", "shared"];

interface TiersProps {
  readonly totals: DashboardTotals | undefined;
  readonly stats: OperatorAnswer<"stats">;
  readonly gauges: OperatorAnswer<"metrics">["gauges"];
  readonly memoryBytesMax: number;
  readonly atMs: number;
}

export function Tiers({ totals, stats, gauges, memoryBytesMax, atMs }: TiersProps) {
  const gauge = (name: string) =>
    gauges.find((one) => one.name === `tidemark_redis_${name}`)?.value;
  const [redisBytes, redisBytesMax] = [gauge("memory_bytes"), gauge("memory_max_bytes")];
  const [keys, evicted] = [gauge("keys"), gauge("evicted_keys_total")];
  const sums = totals?.sums ?? new Map<string, number>();
  const [reads, writes] = [countsBy(sums, "tierReads"), countsBy(sums, "tierWrites")];
  const evictions = countsBy(sums, "evictions");
  const seen = new Set([...reads.keys(), ...writes.keys(), ...evictions.keys()]);
  const tiers = tierOrder.filter((name) => seen.has(name));
  return (
    <section>
      <h2>Tiers</h2>
      {totals && (
        <Table
          caption={`Reads and writes of all isolates since ${new Date(totals.startedAtMs).toISOString()}`}
          heads={["Tier", "Found", "Reads", "Writes", "Evictions"]}
          rows={tiers.map((tier) => [
            tier,
            foundShare(reads.get(tier)),
            countsText(reads.get(tier)),
            countsText(writes.get(tier)),
            shown(evictions.get(tier)?.get("") ?? 0, "count"),
          ])}
        />
      )}
      <h2>Fill</h2>
      {redisBytes !== undefined && (
        <p>
          Redis holds {shown(redisBytes, "bytes")}
          {redisBytesMax !== undefined && ` of ${shown(redisBytesMax, "bytes")}`}
          {keys !== undefined && `, in ${shown(keys, "count")} keys`}.
          {evicted !== undefined &&
            ` It has evicted ${shown(evicted, "count")} keys since it started.`}
        </p>
      )}
      <Table
        caption="Memory tier, from the newest report of one isolate of each colo"
        heads={["Colo", "Fill", "Bytes", "Records", "Reported"]}
        rows={Array.from(totals?.colos ?? [], ([colo, state]) => [
          colo || "unnamed",
          shown(state.memoryBytes / memoryBytesMax, "percent"),
          shown(state.memoryBytes, "bytes"),
          shown(state.memoryRecords, "count"),
          `${ageOf(atMs - state.atMs)} ago`,
        ])}
        none="No colo has reported in the last day."
      />
      <h2>This isolate</h2>
      <Table
        caption={`Circuit breakers of the isolate in ${stats.colo || "an unnamed colo"} that answered`}
        heads={["Part", "State", "Last trouble"]}
        rows={breakersOf(stats)}
      />
    </section>
  );
}

function foundShare(reads: ReadonlyMap<string, number> | undefined): string {
  const all = [...(reads?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  return all === 0 ? "–" : shown((reads?.get("found") ?? 0) / all, "percent");
}

/** The members of the stats that show a breaker. */
interface Breaker {
  readonly breakerOpen?: boolean;
  readonly refusesWrites?: boolean;
  readonly trouble?: unknown;
}

function breakersOf(stats: OperatorAnswer<"stats">): string[][] {
  const parts: [string, Breaker | string | undefined][] = [
    ["Cache API", stats["edge"] as Breaker | string],
    ["Redis", stats["redis"] as Breaker | string],
    ["Purge journal", stats["journal"] as Breaker | string],
  ];
  const origins = (stats["openBreakers"] as readonly string[] | undefined) ?? [];
  return [
    ...parts
      .filter(([, breaker]) => breaker !== undefined)
      .map(([name, breaker]) =>
        typeof breaker === "object"
          ? [name, stateOf(breaker), troubleOf(breaker.trouble)]
          : [name, breaker ?? "–", "–"],
      ),
    ...origins.map((origin) => [`Origin ${origin}`, "breaker open", "–"]),
  ];
}

function stateOf({ breakerOpen, refusesWrites }: Breaker): string {
  if (breakerOpen === true) return "breaker open";
  return refusesWrites === true ? "refuses writes" : "works";
}

function troubleOf(trouble: unknown): string {
  if (typeof trouble !== "object" || trouble === null)
    return typeof trouble === "string" ? trouble : "–";
  return Object.values(trouble)
    .filter((value) => typeof value === "string")
    .join(": ");
}
