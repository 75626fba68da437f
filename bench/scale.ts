// Plays a site in simulated time, from 3 to 330 colos and from 18 to 100,000 requests per second,
// for each mix of stores. Counts commands, dollars, the load of the busiest store, and requests of
// the origin. `--write` updates the tables and charts of docs/costs.md.
//   npm run bench -- scale [--seed 1] [--write]
//   npm run bench -- scale --colos 50 --rate 1800 [--lag 2 --allowance 0.7] [--seed 1]
import { parseArgs } from "node:util";
import { numberOf } from "./load/run-options.ts";
import { printed, writeDocument } from "./scale/document.ts";
import { type Counted, played, type PointSettings } from "./scale/point.ts";
import { playedMixes, pointsOf, usual } from "./scale/points.ts";
import { billsTable, pointsAt } from "./scale/tables.ts";

const command = "npm run bench -- scale";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    colos: { type: "string" },
    rate: { type: "string" },
    lag: { type: "string", default: String(usual.maxLagSeconds) },
    allowance: { type: "string", default: String(usual.clockAllowanceSeconds) },
    write: { type: "boolean", default: false },
  },
});
const seed = numberOf("--seed", values.seed);

if (values.colos !== undefined || values.rate !== undefined) await playOne();
else await playAll();

/** Prints the counts and the bills of one number of colos and one rate, for each mix. */
async function playOne(): Promise<void> {
  const [colos, requestsPerSecond] = [
    numberOf("--colos", values.colos ?? "3"),
    numberOf("--rate", values.rate ?? "18"),
  ];
  const lags = {
    maxLagSeconds: numberOf("--lag", values.lag),
    clockAllowanceSeconds: numberOf("--allowance", values.allowance),
  };
  const points = [];
  for (const mix of playedMixes) {
    points.push(await playedAndTold({ ...usual, ...lags, mix, colos, requestsPerSecond, seed }));
  }
  process.stdout.write(billsTable(pointsAt(points), colos, requestsPerSecond));
}

async function playAll(): Promise<void> {
  const points = [];
  for (const settings of pointsOf(seed)) points.push(await playedAndTold(settings));
  process.stdout.write(printed(points));
  if (values.write) await writeDocument(points, command);
}

async function playedAndTold(settings: PointSettings): Promise<Counted> {
  const point = await played(settings);
  const { mix, colos, requestsPerSecond } = settings;
  const { sampleCount, playedCount, troubles } = point;
  process.stderr.write(
    `${mix}, ${colos} colos, ${requestsPerSecond}/s: ${playedCount} requests for ${sampleCount} pages\n`,
  );
  process.stderr.write(troubles.map((trouble) => `  trouble: ${trouble}\n`).join(""));
  if (troubles.length > 0) process.exitCode = 1;
  return point;
}
