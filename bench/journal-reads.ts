// Counts the reads of the purge journal by two colos with steady traffic, and compares them with
// the limit of docs/costs.md. The limit for each colo is 2.9 times the seconds with traffic,
// divided by N − A.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { startWorld } from "../testing/worker/world.ts";
import { journalReadsMax } from "./cost/journal-bill.ts";

const fields = { "content-type": "text/html", "cache-control": "max-age=3600" };
const lag = { maxLagSeconds: 3, clockAllowanceSeconds: 1 };
const requestsPerSecond = 20;
const colos = 2;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
  const seconds = Number(values.seconds);
  const origin = createServer((_, response) => response.writeHead(200, fields).end("page"));
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  const config = JSON.stringify({ purge: lag });
  const world = await startWorld({ originUrl: `http://127.0.0.1:${port}`, config, colos });
  try {
    const askAll = () => Promise.all(world.colos.map(({ url }) => fetch(`${url}/page`)));
    await askAll();
    world.rest.resetCounts();
    for (let at = 0; at < seconds * requestsPerSecond; at += 1) {
      await Promise.all([
        askAll(),
        new Promise((resolve) => setTimeout(resolve, 1_000 / requestsPerSecond)),
      ]);
    }
    const { XRANGE = 0, XREVRANGE = 0 } = world.rest.counts().commandCountByName;
    const boundSeconds = lag.maxLagSeconds - lag.clockAllowanceSeconds;
    const allowed = journalReadsMax(seconds, lag);
    const perColo = (XRANGE + XREVRANGE) / colos;
    process.stdout.write(
      `${seconds} s of traffic in ${colos} colos, N − A = ${boundSeconds} s\n` +
        `journal reads per colo: ${perColo}; the formula allows ${allowed.toFixed(0)}\n`,
    );
    if (perColo > allowed) process.exitCode = 1;
  } finally {
    await world.stop();
    origin.close();
  }
}

await main();
