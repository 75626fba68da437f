// Formats the texts of a run: for docs/costs.md, and for the terminal.
import { counted, markdownTable, percent } from "../load/figures.ts";
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
import type { Check } from "./checks.ts";
import { lifeMinutes } from "./designs.ts";
import {
  billTable,
  cacheApiTable,
  checksTable,
  cpuSaid,
  journalTable,
  pricesSaid,
  type Reported,
  restSaid,
  setsTable,
  singlesTable,
  usesTable,
} from "./report.ts";
import { billedMixes, mixesTable, mixTotalsTable, objectMsACall } from "./mixes.ts";
import type { Run } from "./run.ts";
import type { MixRun } from "./mix-run.ts";
import type { Single } from "./single-events.ts";

export interface Documented extends Reported {
  readonly singles: readonly Single[];
  readonly checks: readonly Check[];
  readonly mix: MixRun | undefined;
  readonly machine: string;
  readonly command: string;
}

export interface Documents {
  readonly costs: string;
  /** The tables that are in no document. */
  readonly printed: string;
}

export function documented(given: Documented): Documents {
  const { singles, checks, run, designs, settings } = given;
  const printed = [
    paragraph(restSaid(given)),
    mixesTable(mixesBilled(given)),
    usesTable(given),
    billTable([designs.tidemark, designs.sets, designs.plain]),
    setsTable(designs.setCommands, settings),
    cacheApiTable(given),
    cacheStatusTable(run),
    singlesTable(singles),
    checksTable(checks),
    journalTable(),
  ];
  return { costs: costsPart(given), printed: printed.join("\n") };
}

function mixesBilled({ run, designs, settings, mix }: Documented) {
  return billedMixes({ run, designs, requests: settings.requestCount, mix });
}

function costsPart(given: Documented): string {
  const { designs, settings, command } = given;
  const { requestCount, pageCount } = settings;
  const said =
    `\`${command}${optionsSaid(settings)}\` plays the traffic of a site, and computes its bill: ${counted(requestCount)} requests in ` +
    `${lifeMinutesSaid(settings)} minutes, for ${counted(pageCount)} pages with lifetimes of ${livesMinutes()} minutes, in ${coloCount} ` +
    `colos. The bill contains the journal and all metrics, but neither [logs](#logs) nor storage. It does not subtract the amounts that a ` +
    `plan includes each month.`;
  const mixes =
    `The same traffic for each [mix of stores](stores.md#which-stores), with the share of requests that cause no origin request ` +
    `(*offload*):`;
  const besides = `A call of a Durable Object counts as ${objectMsACall} ms. [Reports of metrics](#reports) to an object are not in the last row.`;
  return [
    paragraph(said),
    billTable([designs.tidemark, designs.plain]),
    paragraph(mixes),
    mixTotalsTable(mixesBilled(given)),
    paragraph(besides),
    ...methodOf(given),
  ].join("\n");
}

/** The paragraphs on the traffic, the columns and the prices. */
function methodOf(given: Documented): readonly string[] {
  const { settings, machine, lag } = given;
  const pace = (scale / (settings.stretch ?? 1)).toFixed(0);
  return [
    paragraph(
      `The bench plays the traffic ${pace} times as fast as on a real site. The popularity of the pages follows Zipf's law with exponent ` +
        `${zipfExponent}. Of the requests, ${percent(trackingShare)} have tracking parameters. Of the pages, ${percent(queryShare)} have a query. ` +
        `There are ${editCount} edits, each with a purge. The origin takes ${originMs} ms, and Redis is ${restRttMs} ms away. ${machine}. ` +
        `N = ${lag.maxLagSeconds} s. ${cpuSaid(given)}`,
    ),
    paragraph(
      `*No Redis* is a cache that does not strip tracking parameters, sort queries, validate responses or purge, computed for the same ` +
        `traffic. Tidemark's route has \`query: { order: "sort" }\`. The second row of the second table is computed.`,
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

/** Formats the frequency of Tidemark's Cache-Status values, the most frequent first. */
function cacheStatusTable({ replayed }: Pick<Run, "replayed">): string {
  const rows = [...replayed.cacheStatusCounts].sort(([, a], [, b]) => b - a);
  return markdownTable(
    ["`Cache-Status: tidemark; …`", "answers"],
    rows.map(([status, count]) => [`\`${status}\``, counted(count)]),
  );
}
