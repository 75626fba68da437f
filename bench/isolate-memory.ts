// Measures the memory of an isolate after requests for 100,000 distinct keys. Compares it with the
// memory tier's own count and with the platform's limit. `--full` measures only the largest
// configuration. `--write` updates the table in docs/performance.md.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Colo } from "../local/colo.ts";
import { freePort } from "../local/free-port.ts";
import { startEmbeddedValkey } from "../local/embedded-valkey.ts";
import { type Running, together } from "../local/running.ts";
import { startUpstashRestServer } from "../local/upstash-rest-server.ts";
import { StalledClients } from "../testing/worker/stalled-clients.ts";
import { startLimitedColo } from "../testing/worker/platform-limits/limited-colo.ts";
import { namedLimits } from "../testing/worker/platform-limits/limits.ts";
import { bundleWith } from "../testing/worker/bundle-with.ts";
import { adminToken, storesSettled } from "../testing/worker/world.ts";
import { counted, markdownTable, replaceMarkedPart } from "./load/figures.ts";
import { collectGarbage, heldBytes, watchPeak } from "./isolate-memory/heap.ts";
import { type Asking, type Site, sites, startOrigin } from "./isolate-memory/site.ts";
import { Inspector } from "./load/inspector.ts";

const mebibyte = 1_048_576;
/** The platform's 128 MB; half of it with the default configuration. */
const boundBytes = ({ isFull }: Site) => (isFull ? 128_000_000 : 64_000_000);
const clients = 24;

/**
 * The default configuration without the edge tier, because the local Cache API runs in the
 * runtime's process.
 */
const config = `{
  routes: [{ name: "all", match: "*", tiers: ["memory", "shared"], negative: { 404: "5m" } }],
}`;
const fullConfig = `{
  limits: { memoryBytes: 41_943_040, bufferBytes: 12_582_912 },
  routes: [{ name: "all", match: "*", negative: { 404: "5m" } }],
}`;
const watchEveryMs = 250;
/** The numbers of clients that stall, and of requests with large bodies. */
const [stalledCount, uploadCount] = [32, 100];

/** The number of requests per purge, for sites with Redis, and the number of tags in each purge. */
const requestsPerPurge = 300;
/** The number of purges with everything at its maximum. */
const purgeCount = 150;
const tagsPerPurge = 900;

interface Found {
  readonly site: Site;
  readonly freshBytes: number;
  readonly heldBytes: number;
  readonly peakBytes: number;
  readonly countedBytes: number;
  readonly records: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      keys: { type: "string", default: "100000" },
      full: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const keyCount = Number(values.keys);
  const found: Found[] = [];
  for (const site of sites.filter(({ isFull = false }) => isFull || !values.full)) {
    const worker = await bundleWith(site.isFull ? fullConfig : config);
    found.push(await measured(site, { worker, keyCount }));
  }
  const text = report(found, keyCount);
  process.stdout.write(text);
  const path = fileURLToPath(new URL("../docs/performance.md", import.meta.url));
  if (values.write) await replaceMarkedPart(path, "isolate-memory", text);
  if (found.some(({ site, heldBytes: bytes }) => bytes > boundBytes(site))) process.exitCode = 1;
}

async function measured(
  site: Site,
  { worker, keyCount }: { worker: string; keyCount: number },
): Promise<Found> {
  return together(async (running) => {
    const origin = await running.add(startOrigin());
    const env = { ORIGIN_URL: origin.url, ADMIN_TOKEN: adminToken };
    const redis = site.withRedis ? await redisFor(running) : {};
    const inspectorPort = await freePort();
    const settings = { name: "colo", worker, port: 0, env: { ...env, ...redis }, inspectorPort };
    const limits = site.isFull ? namedLimits.heap : {};
    const colo = await running.add(startLimitedColo(settings, limits));
    await ask(colo, { path: "/" });
    const inspector = await running.add(Inspector.of("tidemark", inspectorPort));
    const heldNow = async () => {
      await collectGarbage(inspector, () => memoryOf(colo));
      return heldBytes(inspector);
    };
    const freshBytes = await heldNow();
    const peak = watchPeak(inspector, watchEveryMs);
    await askAll(site, colo, keyCount);
    await storesSettled(colo);
    const peakBytes = await peak();
    const { bytes: countedBytes, records } = await memoryOf(colo);
    const held = site.isFull ? await heldWhileBusy(colo, heldNow) : await heldNow();
    return { site, freshBytes, heldBytes: held, peakBytes, countedBytes, records };
  });
}

async function redisFor(running: Running): Promise<Record<string, string>> {
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const { url, token } = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
  return { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token };
}

/** Returns the most bytes held, while clients stall, and while large bodies are sent to Redis. */
async function heldWhileBusy(colo: Colo, heldNow: () => Promise<number>): Promise<number> {
  const stalled = new StalledClients();
  try {
    const paths = Array.from({ length: stalledCount }, (_, at) => `/stalled/${at}`);
    await stalled.ask(colo.url, paths);
    const work = { isOver: false };
    let next = 0;
    const client = async () => {
      for (; next < uploadCount; await ask(colo, { path: `/upload/${next}` })) next += 1;
    };
    const working = Promise.all(Array.from({ length: clients }, client));
    void working.finally(() => (work.isOver = true));
    let mostBytes = await heldNow();
    while (!work.isOver) mostBytes = Math.max(mostBytes, await heldNow());
    await working;
    return mostBytes;
  } finally {
    stalled.leave();
  }
}

/** Requests each key once, and every fourth key again, to include the memory that hits occupy. */
async function askAll(site: Site, colo: Colo, keyCount: number) {
  let next = 0;
  const perPurge = site.isFull ? Math.ceil(keyCount / purgeCount) : requestsPerPurge;
  const client = async () => {
    while (next < keyCount) {
      const at = next;
      next += 1;
      await ask(colo, site.asking(at));
      if (at % 4 === 0) await ask(colo, site.asking(at));
      if (site.withRedis && at % perPurge === 0) await purge(colo, at);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function ask({ url }: Colo, { path, ...init }: Asking): Promise<void> {
  const response = await fetch(`${url}${path}`, init);
  await response.arrayBuffer();
  if (response.status >= 500)
    throw new Error(`The response to ${path} has status ${response.status}.`);
}

const authorization = `Bearer ${adminToken}`;

async function purge({ url }: Colo, at: number): Promise<void> {
  const tags = Array.from({ length: tagsPerPurge }, (_, tag) => `${at}-of-nothing-that-is-${tag}`);
  const response = await fetch(`${url}/_cache/purge`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ tags }),
  });
  if (!response.ok) throw new Error(`The Worker rejected a purge: ${await response.text()}`);
  await response.arrayBuffer();
}

/** Returns the memory tier's own count. */
async function memoryOf({ url }: Colo): Promise<{ bytes: number; records: number }> {
  const response = await fetch(`${url}/_cache/stats`, { headers: { authorization } });
  return ((await response.json()) as { memory: { bytes: number; records: number } }).memory;
}

function report(found: readonly Found[], keyCount: number): string {
  const inMebibytes = (bytes: number) => (bytes / mebibyte).toFixed(1);
  const rows = found.map((each) => [
    each.site.name,
    counted(each.records),
    inMebibytes(each.countedBytes),
    inMebibytes(each.freshBytes),
    inMebibytes(each.heldBytes),
    inMebibytes(each.peakBytes),
  ]);
  const head = [
    "MiB",
    "records",
    "counted by the tier",
    "fresh isolate",
    "held after the requests",
    "largest measured",
  ];
  return (
    `The bench requests ${counted(keyCount)} distinct keys of one isolate. The run fails if more than 61.0 MiB are held, or 122.1 MiB with everything at its maximum.\n\n` +
    markdownTable(head, rows)
  );
}

await main();
