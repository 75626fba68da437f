// Attacks the built Worker while honest clients use it. Measures the effect on honest clients, and
// the cost of an attacker's request. A run with the default options writes docs/attackers.md.
//   npm run bench -- attack [--seconds 60] [--only name,name] [--rate 100] [--honest-rate 150]
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { together } from "../local/running.ts";
import { withoutRedis } from "../testing/worker/world.ts";
import { bundleWith } from "../testing/worker/bundle-with.ts";
import type { AssaultFigures, AttackerCalls } from "./attack/attacker-process.ts";
import type { Attack } from "./attack/attack.ts";
import { attackNamed, attacks } from "./attack/attacks.ts";
import { calmOf, demandsSaid, isAllowed, judged } from "./attack/demands.ts";
import type { HonestCalls } from "./attack/honest-process.ts";
import type { OriginCalls } from "./attack/origin-process.ts";
import { pageReport, report } from "./attack/report.ts";
import { BenchFailure, type Ground, measuredRow, type Pace, type Row } from "./attack/row.ts";
import { siteConfig } from "./attack/site.ts";
import { counted, machineSaid, replaceMarkedPart } from "./load/figures.ts";
import { startPart } from "./load/part.ts";
import { keepCachesInMemory } from "./load/cache-folder.ts";
import { RuntimeLog } from "./load/runtime-log.ts";

const command = "npm run bench -- attack";
const usual = { seconds: "60", rate: "100", "honest-rate": "150" };

interface Asked {
  readonly pace: Pace;
  readonly attacks: readonly Attack[];
  /** Whether every option has its default. Only such a run writes the document. */
  readonly isWhole: boolean;
}

/** @throws Error for an unknown option, or an unknown name in `--only` */
function readOptions(): Asked {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: usual.seconds },
      rate: { type: "string", default: usual.rate },
      "honest-rate": { type: "string", default: usual["honest-rate"] },
      only: { type: "string" },
    },
  });
  const pace = {
    seconds: Number(values.seconds),
    attackPerSecond: Number(values.rate),
    honestPerSecond: Number(values["honest-rate"]),
  };
  const isUsual = Object.entries(usual).every(
    ([name, value]) => values[name as keyof typeof usual] === value,
  );
  return {
    pace,
    attacks: values.only?.split(",").map(attackNamed) ?? attacks,
    isWhole: isUsual && values.only === undefined,
  };
}

/**
 * The longest delay in a valid row between the due time of a client's request and its start. A
 * longer delay shows that the machine paused, so the row is measured again once.
 */
const lateMsMax = 250;

/**
 * Measures a row without an attack first and last. A difference between them shows other load on
 * the machine.
 */
async function measuredRows(ground: Ground, { pace, attacks: chosen }: Asked): Promise<Row[]> {
  const rows: Row[] = [];
  for (const attack of [undefined, ...chosen, undefined]) {
    const row = await toldRow(ground, pace, attack);
    rows.push(row.lateMsMax <= lateMsMax ? row : await toldRow(ground, pace, attack));
  }
  return rows;
}

async function toldRow(ground: Ground, pace: Pace, attack: Attack | undefined): Promise<Row> {
  process.stderr.write(`${attack?.name ?? "calm"} …\n`);
  const row = await measuredRow(ground, pace, attack);
  process.stderr.write(`  clients were late by ${row.lateMsMax.toFixed(0)} ms at most\n`);
  if (row.assault !== undefined) process.stderr.write(`  ${assaultSaid(row.assault)}\n`);
  if (row.heldBytes > 0) process.stderr.write(`  ${counted(row.heldBytes)} bytes were held\n`);
  process.stderr.write(ground.log.take());
  return row;
}

function assaultSaid({ sentCount, notSentCount, statuses }: AssaultFigures): string {
  const answers = Array.from(statuses, ([status, count]) => `${count} × ${status}`).join(", ");
  return `the attacker sent ${sentCount} requests, left out ${notSentCount}, and got ${answers}`;
}

async function main(): Promise<void> {
  const asked = readOptions();
  const machine = `${machineSaid()}; ${keepCachesInMemory()}`;
  await together(async (running) => {
    const origin = await running.add(startPart<OriginCalls>(program("origin")));
    const honest = await running.add(startPart<HonestCalls>(program("honest")));
    const attacker = await running.add(startPart<AttackerCalls>(program("attacker")));
    const originUrl = await origin.call("start");
    const worker = await bundleWith(siteConfig);
    const cloudflareWorker = await bundleWith(siteConfig, { entryPoints: [withoutRedis] });
    const log = new RuntimeLog();
    const ground = { origin, originUrl, honest, attacker, worker, cloudflareWorker, log };
    const rows = await measuredRows(ground, asked);
    const calm = calmOf(rows.filter(({ attack }) => attack === undefined));
    const circumstances = { machine, pace: asked.pace };
    const text = report(rows, calm, circumstances);
    process.stdout.write(`${text}\n\nDemanded: ${demandsSaid}.\n`);
    if (!rows.every((row) => isAllowed(row, judged(row, calm)))) process.exitCode = 1;
    if (!asked.isWhole) {
      process.stdout.write("The options are not the defaults, so no document is written.\n");
      return;
    }
    const document = fileURLToPath(new URL("../docs/attackers.md", import.meta.url));
    await replaceMarkedPart(document, command, pageReport(rows, calm, circumstances));
    process.stdout.write("docs/attackers.md is written.\n");
  });
}

const program = (name: string): URL => new URL(`./attack/${name}-process.ts`, import.meta.url);

/** The exit code if the bench itself fails. The exit code for a missed demand is 1. */
const failureCode = 2;

await main().catch((cause: unknown) => {
  const isSaid = cause instanceof BenchFailure;
  process.stderr.write(`The bench itself failed: ${isSaid ? cause.message : String(cause)}\n`);
  process.exitCode = failureCode;
});
