// The first request after a quiet spell, with the database an ocean away: its view of the purge
// journal is past the bound, so that it waits for the journal before it may use what is stored.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { startColo } from "../local/colo.ts";
import { startEmbeddedValkey } from "../local/embedded-valkey.ts";
import { Running } from "../local/running.ts";
import { startUpstashRestServer } from "../local/upstash-rest-server.ts";
import { bundleWith } from "../testing/worker/bundle-with.ts";
import { quantile } from "./figures.ts";

const fields = { "content-type": "text/html", "cache-control": "max-age=3600" };
const lag = { maxLagSeconds: 3, clockAllowanceSeconds: 1 };
/** Longer than N − A. */
const quietMs = (lag.maxLagSeconds - lag.clockAllowanceSeconds) * 1_000 + 300;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rtt: { type: "string", default: "200" },
      spells: { type: "string", default: "40" },
    },
  });
  const running = new Running();
  const origin = createServer((_, response) => response.writeHead(200, fields).end("page"));
  try {
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    const { port } = origin.address() as AddressInfo;
    const { url: redisUrl } = await running.add(startEmbeddedValkey());
    const settings = { redisUrl, token: "token", rttMs: Number(values.rtt) };
    const rest = await running.add(startUpstashRestServer(settings));
    const env = {
      ORIGIN_URL: `http://127.0.0.1:${port}`,
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
    };
    const worker = await bundleWith(JSON.stringify({ purge: lag }));
    const colo = await running.add(startColo({ name: "colo", worker, port: 0, env }));
    await tookMs(colo.url);
    const [first, second]: [number[], number[]] = [[], []];
    for (let spell = 0; spell < Number(values.spells); spell += 1) {
      await new Promise((resolve) => setTimeout(resolve, quietMs));
      first.push(await tookMs(colo.url));
      second.push(await tookMs(colo.url));
    }
    process.stdout.write(
      `${values.spells} quiet spells of ${quietMs} ms, N = 3 s, A = 1 s, ${values.rtt} ms to Redis\n\n` +
        "| request | p50 | p99 |\n|---|---|---|\n" +
        `${row("the first after a spell", first)}\n${row("the next", second)}\n`,
    );
  } finally {
    await running.stop();
    origin.close();
  }
}

async function tookMs(url: string): Promise<number> {
  const startedAtMs = performance.now();
  await (await fetch(`${url}/page`)).arrayBuffer();
  return performance.now() - startedAtMs;
}

function row(name: string, all: readonly number[]): string {
  return `| ${name} | ${quantile(all, 0.5).toFixed(1)} ms | ${quantile(all, 0.99).toFixed(1)} ms |`;
}

await main();
