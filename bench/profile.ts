// Measures the cost of a hit and of a miss by function, with a CPU profile of the built Worker
// under load from workerd's inspector. Without --path, the bench profiles all paths.
//   npm run bench -- profile [--path memory|edge|shared|304|miss] [--seconds 4] [--top 25]
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { freePort, startColo } from "../local/colo.ts";
import { Running } from "../local/running.ts";
import { bundleWith } from "../testing/worker/bundle-with.ts";
import { machineSaid, markdownTable, percent } from "./load/figures.ts";
import { Inspector } from "./load/inspector.ts";
import { startPart } from "./load/part.ts";
import { type Costs, costsOf } from "./profile/costs.ts";
import { cpuProfile } from "./profile/cpu-profile.ts";
import type { OriginCalls } from "./speed/origin-process.ts";
import type { RedisCalls } from "./speed/redis-process.ts";
import { etag, pageOf, type Path, paths, siteConfig } from "./speed/site.ts";

const bodyBytes = 10_240;
const connections = 32;
const sampleUs = 200;

interface Asked {
  readonly path: string;
  readonly said: string;
  readonly detail: Path;
  /** Whether each request has its own page. */
  readonly isMiss?: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

const asks: readonly Asked[] = [
  ...paths.map((path) => ({
    path,
    said: `A hit of the ${path} tier`,
    detail: path,
    headers: {},
    status: 200,
  })),
  {
    path: "304",
    said: "A 304 from memory",
    detail: "memory",
    headers: { "if-none-match": etag },
    status: 304,
  },
  { path: "miss", said: "A miss", detail: "memory", headers: {}, status: 200, isMiss: true },
];

let pages = 0;
const nextPage = () => pageOf("memory", bodyBytes, `page-${(pages += 1)}`);

interface Target {
  readonly url: string;
  readonly bundle: string;
  readonly inspector: Inspector;
}

async function startTarget(running: Running): Promise<Target> {
  const program = (name: string) => new URL(`./speed/${name}-process.ts`, import.meta.url);
  const origin = await running.add(startPart<OriginCalls>(program("origin")));
  const redis = await running.add(startPart<RedisCalls>(program("redis")));
  const bundle = await bundleWith(siteConfig, { minify: false });
  const inspectorPort = await freePort(0, "127.0.0.1");
  const env = {
    ORIGIN_URL: await origin.call("start"),
    ...(await redis.call("start")),
  };
  const colo = await running.add(
    startColo({ name: "profiled", worker: bundle, port: 0, env, inspectorPort }),
  );
  const inspector = await running.add(Inspector.of("tidemark", inspectorPort));
  return { url: colo.url, bundle, inspector };
}

/** @throws Error for any unexpected answer */
async function costsOfAsk(target: Target, ask: Asked, seconds: number): Promise<Costs> {
  const { detail, headers, status, isMiss = false } = ask;
  const url = `${target.url}${pageOf(detail, bodyBytes)}`;
  const setupRequest = (request: object) => ({ ...request, path: nextPage() });
  const each = isMiss ? { requests: [{ setupRequest }] } : {};
  const load = async (duration: number) => {
    const given = { url, connections, duration, headers, ...each };
    const { statusCodeStats, requests } = await autocannon(given);
    if (statusCodeStats?.[`${status}`]?.count !== requests.total)
      throw new Error(`Not every response to ${url} has status ${status}.`);
  };
  await (await fetch(url)).arrayBuffer();
  await load(1);
  const looked = isMiss ? `${target.url}${nextPage()}` : url;
  const cacheStatus = (await fetch(looked, { headers })).headers.get("cache-status") ?? "";
  const said = isMiss ? "; fwd=uri-miss; fwd-status=200; stored" : `; detail=${detail}`;
  if (!cacheStatus.endsWith(said))
    throw new Error(`${looked}: the Cache-Status is unexpected: ${cacheStatus}.`);
  const profile = await cpuProfile(target.inspector, sampleUs, () => load(seconds));
  return costsOf(profile, target.bundle);
}

const functionTable = ({ functions }: Costs, count: number): string =>
  markdownTable(
    ["self time", "function", "of"],
    functions.slice(0, count).map(({ what, where, share }) => [percent(share), what, where]),
  );

const moduleTable = ({ modules }: Costs, count: number): string =>
  markdownTable(
    ["together", "its own", "of the runtime for it", "module"],
    modules
      .slice(0, count)
      .map(({ where, ownShare, runtimeShare }) => [
        percent(ownShare + runtimeShare),
        percent(ownShare),
        percent(runtimeShare),
        where,
      ]),
  );

const heading = ({ said }: Asked, costs: Costs): string =>
  `**${said}**, ${costs.sampleCount} samples, ${percent(costs.idleShare)} of them idle:\n`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      path: { type: "string" },
      seconds: { type: "string", default: "4" },
      top: { type: "string", default: "25" },
    },
  });
  const asked = asks.filter(({ path }) => values.path === undefined || path === values.path);
  if (asked.length === 0)
    throw new Error(
      `There is no path ${JSON.stringify(values.path)}: use ${asks.map(({ path }) => path).join(", ")}.`,
    );
  process.stdout.write(`${machineSaid()}; 10 KiB, ${connections} connections\n`);
  const running = new Running();
  try {
    const target = await startTarget(running);
    for (const ask of asked) {
      const costs = await costsOfAsk(target, ask, Number(values.seconds));
      const top = Number(values.top);
      process.stdout.write(
        `\n${heading(ask, costs)}\n${functionTable(costs, top)}\n${moduleTable(costs, top)}`,
      );
    }
  } finally {
    await running.stop();
  }
}

await main();
