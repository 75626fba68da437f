// The two texts that a run leaves in the documentation: a few rows for the README, and all of it.
import { counted } from "../figures.ts";
import { cacheStatusTable, traceSaid } from "../trace/report.ts";
import { restRttMs } from "../trace/start-workers.ts";
import { originMs } from "../trace/trace.ts";
import type { Check } from "./checks.ts";
import {
  billTable,
  checksTable,
  dollars,
  journalTable,
  pricesSaid,
  type Reported,
  restSaid,
  setsTable,
  singlesTable,
  usesTable,
} from "./report.ts";
import { upstash } from "./prices.ts";
import type { Single } from "./single-events.ts";

export interface Documented extends Reported {
  readonly singles: readonly Single[];
  readonly checks: readonly Check[];
  readonly machine: string;
  readonly command: string;
}

export function documented(given: Documented): { readme: string; performance: string } {
  return { readme: readmePart(given), performance: performancePart(given) };
}

function readmePart({ designs, settings, command }: Documented): string {
  const { requestCount, pageCount } = settings;
  return `A site's traffic, ${counted(requestCount)} requests for ${counted(pageCount)} pages in three colos, priced by \`${command}\` beyond
what is included each month, the journal as often as life's pace has it read ([how](docs/performance.md#the-bill)):

${billTable(designs)}`;
}

function performancePart(given: Documented): string {
  const { designs, settings, singles, checks, machine, run, command } = given;
  const perTag = perMillion(given, perFurtherTag(run));
  return `    ${command}${optionsSaid(settings)}

${traceSaid(settings)} The origin takes ${originMs} ms, Redis is ${restRttMs} ms away. ${machine}.

${billTable(designs)}
*Tags as sets* is what the same look-ups, fills and origin requests would cost where each tag is a set of keys, each origin request
takes a lock, and each request counts itself in Redis; pipelines spare round trips there, not commands. It gets the same
bytes and CPU, one tag a page as the trace has it (each further one costs it ${dollars(perTag)} a million requests), and its purges reach Redis alone, not
memory or the edges. *No Redis* is computed: nothing stripped, sorted, validated or purged. What an origin asks for its bytes is not in the bill.

${setsTable(designs.setCommands, settings)}
${restSaid(given)}

${usesTable(given)}
Commands are counted at the REST server, each of a transaction for one; bytes are those of HTTP bodies, both ways. ${pricesSaid()}

${cacheStatusTable(given.run)}
What one thing costs, with nothing else under way and reads of the journal left out:

${singlesTable(singles)}
${checksTable(checks)}
The journal is read by the clock, at most 2.9 × seconds with traffic ÷ (N − A) times for each colo (A = 1 s), and never more often than the
colo is asked: what it adds to a million requests goes down as traffic goes up.

${journalTable()}`;
}

/** Commands of the whole trace that one more tag on each page would take. */
function perFurtherTag({ entries }: Reported["run"]): number {
  return 2 * entries.fill.requests + entries.freshening.requests;
}

function perMillion({ settings }: Documented, commands: number): number {
  return (commands / settings.requestCount) * upstash.commands.dollarsAMillion;
}

function optionsSaid({ requestCount, pageCount, durationMs }: Documented["settings"]): string {
  const isUsual = requestCount === 100_000 && pageCount === 5_000 && durationMs === 540_000;
  if (isUsual) return "";
  return ` -- --requests ${requestCount} --pages ${pageCount} --seconds ${durationMs / 1_000}`;
}
