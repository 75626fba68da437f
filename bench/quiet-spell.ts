// Measures the first request after a pause of the traffic, with a distant database. The isolate's
// view of the purge journal is then older than N − A, so the request waits for the journal before
// any lookup (rule 24 of docs/purge-protocol-switch.md).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { startColo } from "../local/colo.ts";
import { startEmbeddedValkey } from "../local/embedded-valkey.ts";
import { Running } from "../local/running.ts";
import { startUpstashRestServer } from "../local/upstash-rest-server.ts";
import { bundleWith } from "../testing/worker/bundle-with.ts";
import { quantile } from "./load/figures.ts";

const fields = { "content-type": "text/html", "cache-control": "max-age=3600" };
const lag = { maxLagSeconds: 3, clockAllowanceSeconds: 1 };
/** The length of a pause. It exceeds N − A. */
const quietMs = (lag.maxLagSeconds - lag.clockAllowanceSeconds) * 1_000 + 300;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rtt: { type: "string", default: "200" },
      spells: { type: "string", default: "20" },
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
    await tookMs(`${colo.url}/page`);
    const quiet = () => new Promise((resolve) => setTimeout(resolve, quietMs));
    const [hits, misses] = [new Pairs(), new Pairs()];
    for (let spell = 0; spell < Number(values.spells); spell += 1) {
      await quiet();
      hits.first.push(await tookMs(`${colo.url}/page`));
      hits.next.push(await tookMs(`${colo.url}/page`));
      await quiet();
      misses.first.push(await tookMs(`${colo.url}/new/${spell}`));
      misses.next.push(await tookMs(`${colo.url}/newer/${spell}`));
    }
    process.stdout.write(
      `${values.spells} quiet spells of ${quietMs} ms, N = 3 s, A = 1 s, ${values.rtt} ms to Redis\n\n` +
        "| request | p50 | p99 |\n|---|---|---|\n" +
        `${row("a hit, the first after a spell", hits.first)}\n${row("the next hit", hits.next)}\n` +
        `${row("a miss, the first after a spell", misses.first)}\n${row("the next miss", misses.next)}\n`,
    );
  } finally {
    await running.stop();
    origin.close();
  }
}

/**
 * The durations of one kind of requests: of the first request after each pause, and of the next
 * request.
 */
class Pairs {
  readonly first: number[] = [];
  readonly next: number[] = [];
}

async function tookMs(url: string): Promise<number> {
  const startedAtMs = performance.now();
  await (await fetch(url)).arrayBuffer();
  return performance.now() - startedAtMs;
}

function row(name: string, all: readonly number[]): string {
  return `| ${name} | ${quantile(all, 0.5).toFixed(1)} ms | ${quantile(all, 0.99).toFixed(1)} ms |`;
}

await main();
