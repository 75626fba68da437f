// Formats the results of a run as the part of docs/costs.md.
import { counted, markdownTable, mebibytes, percent } from "../load/figures.ts";
import { restRttMs } from "../trace/start-workers.ts";
import {
  coloCount,
  editCount,
  lifetimeShares,
  originMs,
  queryShare,
  scale,
  type TraceSettings,
  trackingShare,
  zipfExponent,
} from "../trace/trace.ts";
import { type Design, type Designs, lifeMinutes } from "./designs.ts";
import type { MixRun } from "./mix-run.ts";
import { billedMixes, mixTotalsTable } from "./mixes.ts";
import { marginalBill, totalOf } from "./bill.ts";
import { dollars, objectMsACall, readOn, upstash, workers } from "./prices.ts";
import { dollarsOf } from "./report-commands.ts";
import { type Lag, sharedCalls } from "./replay-over.ts";
import type { Run } from "./run.ts";

interface Reported {
  readonly run: Run;
  readonly mix: MixRun;
  readonly designs: Designs;
  readonly settings: TraceSettings;
  readonly lag: Lag;
  readonly machine: string;
  readonly command: string;
}

export function costsPart(given: Reported): string {
  const { run, designs, settings, mix, command } = given;
  const { requestCount, pageCount } = settings;
  const said =
    `\`${command}${optionsSaid(settings)}\` plays the traffic of a site, and computes its bill: ${counted(requestCount)} requests in ` +
    `${lifeMinutesSaid(settings)} minutes, for ${counted(pageCount)} pages with lifetimes of ${livesMinutes()} minutes, in ${coloCount} ` +
    `colos. The bill contains the journal and all metrics, but neither [logs](#logs) nor storage. The bench does not subtract the amounts ` +
    `that a plan includes each month.`;
  const mixes =
    `This table shows the same traffic for each [mix of stores](stores.md#which-stores). *Offload* is the share of requests that ` +
    `cause no origin request:`;
  const besides = `A call to a Durable Object counts as ${objectMsACall} ms. [Reports of metrics](#reports) to an object add $0.002 to the last row.`;
  return [
    paragraph(said),
    billTable([designs.tidemark, designs.plain]),
    paragraph("This table compares caches that do not learn of purges, for the same traffic:"),
    othersTable(designs),
    paragraph(mixes),
    mixTotalsTable(billedMixes({ run, designs, requests: requestCount, mix })),
    paragraph(besides),
    ...methodOf(given),
  ].join("\n");
}

/** The paragraphs on the traffic, the columns and the prices. */
function methodOf(given: Reported): readonly string[] {
  const { settings, machine, lag } = given;
  const pace = (scale / (settings.stretch ?? 1)).toFixed(0);
  return [
    paragraph(
      `The bench plays the traffic ${pace} times as fast as on a real site. The popularity of the pages follows Zipf's law with exponent ` +
        `${zipfExponent}. ${percent(trackingShare)} of the requests have tracking parameters, and ${percent(queryShare)} of the pages have a query. ` +
        `There are ${editCount} edits, each with a purge. The origin takes ${originMs} ms, and Redis is ${restRttMs} ms away. ${machine}. ` +
        `N = ${lag.maxLagSeconds} s. ${lateSaid(given)} ${cpuSaid(given)}`,
    ),
    paragraph(
      `*No Redis* is a cache that does not strip tracking parameters, sort queries, validate responses or purge. The bench computes it and ` +
        `the other caches for the same traffic. Tidemark's route has \`query: { order: "sort" }\`. The second row of the last table is computed.`,
    ),
    paragraph(pricesSaid()),
  ];
}

const lifeMinutesSaid = (settings: TraceSettings): string => counted(lifeMinutes(settings));

/** Returns the range of lifetimes at the pace of real life. */
function livesMinutes(): string {
  const minutes = lifetimeShares.map(({ lifetimeSeconds }) => (lifetimeSeconds * scale) / 60);
  return `${Math.min(...minutes)} to ${Math.max(...minutes)}`;
}

function optionsSaid({ requestCount, pageCount, durationMs }: TraceSettings): string {
  const isUsual = requestCount === 100_000 && pageCount === 5_000 && durationMs === 540_000;
  if (isUsual) return "";
  return ` -- --requests ${requestCount} --pages ${pageCount} --seconds ${durationMs / 1_000}`;
}

const lineCharsMax = 140;

/** Breaks text into lines at spaces, except between a number and its unit. */
function paragraph(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const part of text.split(/(?<!\d) /)) {
    if (line !== "" && line.length + 1 + part.length > lineCharsMax) {
      lines.push(line);
      line = part;
    } else line = line === "" ? part : `${line} ${part}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}

function othersTable({ tidemark, others }: Designs): string {
  const rows = Object.entries({ "Tidemark, with purges": tidemark.originRequests, ...others });
  const forTidemark = (requests: number) => percent(tidemark.originRequests / requests);
  return markdownTable(
    ["a million requests", "origin requests", "Tidemark's, compared"],
    rows.map(([name, requests]) => [name, counted(requests), forTidemark(requests)]),
  );
}

function billTable(all: readonly Design[]): string {
  const row = (name: string, cell: (design: Design) => string) => [name, ...all.map(cell)];
  const bill = (design: Design) => marginalBill(design.usage);
  const { includedGigabytesAMonth: includedGigabytes } = upstash.bandwidth;
  const ifKnown = (design: Design, text: string) => (design.isCpuKnown ? text : "not measured");
  return markdownTable(
    ["a million requests", ...all.map(({ name }) => name)],
    [
      row("origin requests", ({ originRequests }) => counted(originRequests)),
      row("bodies from the origin", ({ originBytes }) => mebibytes(originBytes)),
      row("Redis commands", ({ usage }) => counted(usage.redisCommands)),
      row("commands inside scripts", ({ innerCommands }) => counted(innerCommands)),
      row("Workers: requests", (design) => dollars(bill(design).workerRequests)),
      row("Workers: CPU, at most", (design) => ifKnown(design, dollars(bill(design).cpu))),
      row("Redis: commands", (design) => dollars(bill(design).redisCommands)),
      row(`Redis: bandwidth, at the price beyond ${includedGigabytes} GB a month`, (design) =>
        dollars(bill(design).redisBandwidth),
      ),
      row("**together**", (design) => {
        const total = `**${dollars(totalOf(bill(design)))}**`;
        return design.isCpuKnown ? total : `${total} and its CPU`;
      }),
      row("if Upstash [bills commands inside scripts](#redis-commands), also", (design) =>
        dollars(dollarsOf(design.innerCommands)),
      ),
    ],
  );
}

function lateSaid({ run, mix }: Reported): string {
  const [redis, objects] = [sharedCalls(run), sharedCalls(mix)];
  const [late, calls] = [redis.late + objects.late, redis.calls + objects.calls];
  return `Of ${counted(calls)} calls of the shared tier, ${counted(late)} had no answer in time.`;
}

/** Formats the CPU time of a request. */
function cpuSaid({ run: { cpuMs, replayed } }: Reported): string {
  if (cpuMs === undefined) return "CPU time is not measured on this system.";
  const cpuEach = (cpuMs / replayed.tookMs.length).toFixed(2);
  return (
    `The workerd processes took ${cpuEach} ms of CPU for each request. This includes the runtime's own HTTP and its ` +
    `simulated Cache API, which Cloudflare does not bill.`
  );
}

function pricesSaid(): string {
  const { requests, cpuMs } = workers;
  return (
    `The prices are those of ${readOn}: $${requests.dollarsAMillion.toFixed(2)} a million requests and $${cpuMs.dollarsAMillion} a million CPU milliseconds with ` +
    `[Workers Paid](https://developers.cloudflare.com/workers/platform/pricing/), and ` +
    `$${(upstash.commands.dollarsAMillion / 10).toFixed(2)} per 100,000 commands and $${upstash.bandwidth.dollarsAGigabyte} a GB of ` +
    `bandwidth with [Upstash, pay as you go](https://upstash.com/docs/redis/overall/billing), in one region.`
  );
}
