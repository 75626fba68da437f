// A memory hit beside a Worker that answers with a constant: how near is the cache to nothing?
// Both on workerd's own sockets, interleaved in one run, so that the ratio holds on any machine.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import autocannon from "autocannon";
import { buildWorker } from "../local/build-worker.ts";
import { startColo } from "../local/colo.ts";
import { Running } from "../local/running.ts";
import { counted, median } from "./figures.ts";

const rounds = 5;
const roundSeconds = 4;
const connections = 32;
const body = "x".repeat(10_240);
const fields = { "content-type": "text/html", "cache-control": "max-age=3600", etag: '"1"' };

const constantWorker = `
  const body = new TextEncoder().encode(${JSON.stringify(body)});
  const headers = ${JSON.stringify(fields)};
  export default { fetch: () => new Response(body, { headers }) };
`;

async function main(): Promise<void> {
  const running = new Running();
  const origin = createServer((_, response) => response.writeHead(200, fields).end(body));
  try {
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    const { port } = origin.address() as AddressInfo;
    const env = { ORIGIN_URL: `http://127.0.0.1:${port}` };
    const worker = await buildWorker();
    const colo = async (name: string, script: string) =>
      (await running.add(startColo({ name, worker: script, port: 0, env }))).url;
    const constant = await colo("constant", constantWorker);
    const tidemark = await colo("tidemark", worker);
    await measured(constant, 1);
    await measured(tidemark, 1);
    const results = { constant: [] as number[], tidemark: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      results.constant.push(await measured(constant, roundSeconds));
      results.tidemark.push(await measured(tidemark, roundSeconds));
    }
    report(results);
  } finally {
    await running.stop();
    origin.close();
  }
}

/** @returns requests answered per second; throws when any was answered otherwise than by 200 */
async function measured(url: string, seconds: number): Promise<number> {
  const result = await autocannon({ url: `${url}/page`, connections, duration: seconds });
  if (result.non2xx + result.errors > 0) throw new Error(`${url} did not answer every request.`);
  return result.requests.average;
}

function report({ constant, tidemark }: { constant: number[]; tidemark: number[] }): void {
  const line = (name: string, all: number[]) =>
    `| ${name} | ${counted(median(all))} | ${counted(Math.min(...all))}–${counted(Math.max(...all))} |`;
  const ratio = median(tidemark) / median(constant);
  process.stdout.write(
    `10 KiB, ${connections} connections, ${rounds} rounds of ${roundSeconds} s each, interleaved\n\n` +
      "| Worker | requests/s, median | spread |\n|---|---|---|\n" +
      `${line("constant", constant)}\n${line("Tidemark, memory hit", tidemark)}\n\n` +
      `ratio ${ratio.toFixed(2)}\n`,
  );
}

await main();
