// Varies one property of a site at a time, and shows what it costs: commands, CPU, memory, lag and bill.
// `--only` takes parts of the names of tables. `--write` updates docs/growth.md.
//   npm run bench -- growth [--only purges,tags] [--write]
import { parseArgs } from "node:util";
import { axes, type Axis, baseSite, type Value } from "./growth/axes.ts";
import { type DirectCost, directCosts } from "./growth/direct-loop.ts";
import { pagesTable } from "./growth/pages.ts";
import { counted, markdownTable, percent, replaceMarkedPart } from "./load/figures.ts";
import { loadOf, monthlyBillOf } from "./scale/bill.ts";
import { type Counted, played } from "./scale/point.ts";
import { playedMixes } from "./scale/points.ts";
import { rowsAPurge } from "./cost/prices.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});
const wanted = values.only.toLowerCase().split(",");
const isWanted = (name: string) => wanted.some((part) => name.toLowerCase().includes(part));

async function show(name: string, table: Promise<string>): Promise<void> {
  const text = await table;
  process.stdout.write(`${name}\n\n${text}\n`);
  if (values.write)
    await replaceMarkedPart("docs/growth.md", `npm run bench -- growth: ${name}`, text);
}

async function tableOf(axis: Axis): Promise<string> {
  const costs = axis.isOfSite ? [] : await directCosts(axis.values);
  const rows: string[][] = [];
  for (const [at, value] of axis.values.entries()) {
    const [inRedis, inObjects] = [await pointOf(value, 0), await pointOf(value, 1)];
    const cost = costs[at];
    rows.push([
      value.label,
      digits(commandsOf(inRedis)),
      `$${counted(monthlyBillOf(inRedis))}`,
      `${digits(commandsOf(inObjects))} · ${digits(rowsOf(inObjects))}`,
      `$${counted(monthlyBillOf(inObjects))}`,
      percent(1 - inRedis.originPerSecond / inRedis.settings.requestsPerSecond),
      ...(cost ? [counted(cost.cpuMicros), mebibytesOf(cost)] : []),
      ...(axis.hasLag ? [inRedis, inObjects].map(lagOf) : []),
    ]);
  }
  const head = ["commands/s", "a month", "calls · rows/s", "a month", "offload"];
  const ofIsolate = axis.isOfSite ? [] : ["CPU", "memory"];
  const lags = axis.hasLag ? ["lag, Redis", "lag, objects"] : [];
  return markdownTable([axis.name, ...head, ...ofIsolate, ...lags], rows);
}

async function pointOf({ label, point }: Value, mixAt: 0 | 1): Promise<Counted> {
  const mix = playedMixes[mixAt] ?? "all in Redis";
  const counts = await played({ ...baseSite, ...point, mix });
  process.stderr.write(`${mix}, ${label}: ${counts.troubles.length} troubles\n`);
  return counts;
}

function commandsOf(point: Counted): number {
  const { records, journal, others } = loadOf(point);
  return records + journal + others;
}

const rowsOf = ({ rowsPerSecond, purgesPerSecond }: Counted): number =>
  rowsPerSecond + rowsAPurge * purgesPerSecond;

const mebibytesOf = ({ recordBytes, viewBytes }: DirectCost): string =>
  [recordBytes, viewBytes].map((bytes) => digits(bytes / 1_048_576)).join(" + ");

const lagOf = ({ lagMs: { median, p99 } }: Counted): string =>
  median === 0 ? "–" : `${digits(median / 1_000)} · ${digits(p99 / 1_000)} s`;

/** Formats a number with two digits that count, or without a fraction. */
function digits(value: number): string {
  return value >= 10 ? counted(value) : String(Number(value.toPrecision(2)));
}

for (const axis of axes.filter(({ name }) => isWanted(name))) await show(axis.name, tableOf(axis));
if (isWanted("pages")) await show("pages", Promise.resolve(pagesTable()));
