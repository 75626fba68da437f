// Warms a sitemap of 20,000 pages in two colos, from an origin of limited capacity. The command is
// interrupted and resumed. Exits with 1 if the 99th percentile of the origin's own visitors more
// than doubles, or if a page is not a hit afterwards.
//   npm run bench -- warm [--pages 20000] [--seed 1]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { bundleWith } from "../testing/worker/bundle-with.ts";
import { counted, machineSaid, markdownTable, quantile } from "./load/figures.ts";
import { nowAtMs } from "./load/ask.ts";
import { startColos } from "./load/colos.ts";
import { type Part, startPart } from "./load/part.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import type { RedisCalls } from "./speed/redis-process.ts";
import { type Ran, startCommand } from "./warm/command.ts";
import type { OriginCalls } from "./warm/origin-process.ts";
import type { Visit, VisitorCalls } from "./warm/visitors-process.ts";

const coloCount = 2;
/**
 * The number of requests that the origin handles at once. At 30 ms each, these are about 267 a
 * second, of which the origin's own visitors use nearly a quarter.
 */
const servers = 8;
const serviceMs = [20, 40] as const;
const visitorsPerSecond = 60;
const quietMs = 30_000;
const ratioMax = 2;
/**
 * More than the origin can handle at once, because the command must adapt its pace to the origin's
 * capacity.
 */
const concurrency = "16";
const interruptedAtShare = 0.4;
const config = { routes: [{ name: "pages", match: "/page/*", fresh: "1h" }] };

interface Ground {
  readonly origin: Part<OriginCalls>;
  readonly visitors: Part<VisitorCalls>;
  readonly coloUrls: readonly string[];
  /** The URL for the origin's own visitors, who do not use a colo. */
  readonly originUrl: string;
}

interface Outcome {
  readonly visits: readonly Visit[];
  readonly warmedFromMs: number;
  readonly warmedUntilMs: number;
  readonly runs: readonly Ran[];
  readonly asked: { readonly pages: number; readonly again: number };
  readonly read: readonly { readonly hits: number; readonly others: readonly string[] }[];
}

async function startAll(running: Running, log: RuntimeLog, seed: number): Promise<Ground> {
  const redis = await running.add(startPart<RedisCalls>(program("speed/redis")));
  const origin = await running.add(startPart<OriginCalls>(program("warm/origin")));
  const visitors = await running.add(startPart<VisitorCalls>(program("warm/visitors")));
  const env = {
    ...(await redis.call("start")),
    ADMIN_TOKEN: "admin-of-the-bench",
    SITE_HOST: "site.test",
  };
  await redis.call("setRttMs", 2);
  const urls = await origin.call("start", { servers, serviceMs, coloCount, seed });
  const worker = await bundleWith(JSON.stringify(config));
  const originUrls = urls.slice(0, coloCount);
  const colos = await startColos(running, { name: "colo", worker, originUrls, env, log });
  return {
    origin,
    visitors,
    coloUrls: colos.map(({ url }) => url),
    originUrl: urls[coloCount] ?? "",
  };
}

/** Runs the command twice. Interrupts the first run, and lets the second run end. */
async function warmed(
  { origin, coloUrls }: Ground,
  pageCount: number,
  stateFolder: string,
): Promise<Ran[]> {
  const [site = "", ...vias] = coloUrls;
  const args = ["warm", "--site", site, "--sitemap", `${site}/sitemap.xml`, "--json"];
  const manner = ["--concurrency", concurrency, ...vias.flatMap((via) => ["--via", via])];
  const env = { XDG_STATE_HOME: stateFolder };
  const first = startCommand([...args, ...manner], env);
  const state = { isOver: false };
  const over = first.ended.finally(() => {
    state.isOver = true;
  });
  const isFar = async () => (await origin.call("asked")).pages >= interruptedAtShare * pageCount;
  while (!state.isOver && !(await isFar())) await delay(100);
  first.interrupt();
  const second = async () => startCommand([...args, ...manner], env).ended;
  return [await over, await second()];
}

async function measured(ground: Ground, pageCount: number, seed: number): Promise<Outcome> {
  const { origin, visitors, coloUrls, originUrl } = ground;
  await origin.call("setSite", { url: coloUrls[0] ?? "", pageCount });
  const visiting = visitors.call("visit", { originUrl, perSecond: visitorsPerSecond, seed });
  const stateFolder = await mkdtemp(join(tmpdir(), "tidemark-warm-"));
  try {
    await delay(quietMs);
    const warmedFromMs = nowAtMs();
    const runs = await warmed(ground, pageCount, stateFolder);
    const warmedUntilMs = nowAtMs();
    await visitors.call("end");
    const visits = await visiting;
    const asked = await origin.call("asked");
    const read = await visitors.call("readAll", { coloUrls, pageCount });
    return { visits, warmedFromMs, warmedUntilMs, runs, asked, read };
  } finally {
    await rm(stateFolder, { recursive: true, force: true });
  }
}

function report(
  outcome: Outcome,
  pageCount: number,
): { readonly text: string; readonly faults: readonly string[] } {
  const { visits, warmedFromMs, warmedUntilMs, runs, asked, read } = outcome;
  const isDuring = ({ startedAtMs }: Visit) =>
    startedAtMs >= warmedFromMs && startedAtMs < warmedUntilMs;
  // Skip the first second, which opens connections.
  const quiet = visits.filter(
    ({ startedAtMs }) => startedAtMs < warmedFromMs && startedAtMs > warmedFromMs - quietMs + 1_000,
  );
  const during = visits.filter(isDuring);
  const [before, after] = [quiet, during].map((some) => some.map(({ tookMs }) => tookMs));
  const row = (name: string, some: readonly number[] = []) => [
    name,
    counted(some.length),
    ...[0.5, 0.9, 0.99].map((share) => `${quantile(some, share).toFixed(1)} ms`),
  ];
  const ratio = quantile(after ?? [], 0.99) / quantile(before ?? [], 0.99);
  const seconds = (warmedUntilMs - warmedFromMs) / 1_000;
  const [first, second] = runs;
  const text =
    markdownTable(
      ["visitors of the origin", "visits", "p50", "p90", "p99"],
      [row("before the warming", before), row("during the warming", after)],
    ) +
    `\np99 grew by a factor of ${ratio.toFixed(2)}.\n` +
    `${counted(pageCount)} pages in ${counted(seconds)} s, ${counted(pageCount / seconds)} a second; ` +
    `the origin got ${counted(asked.again)} repeated requests.\n` +
    `Interrupted with exit code ${first?.code}; the second run found ${counted(second?.told?.doneBefore ?? 0)} pages done ` +
    `and ended with ${second?.code}.\n` +
    read
      .map(
        ({ hits }, at) => `Colo ${at + 1}: ${counted(hits)} of ${counted(pageCount)} are hits.\n`,
      )
      .join("");
  const faults = [
    ...(ratio <= ratioMax ? [] : [`p99 grew by a factor of ${ratio.toFixed(2)}`]),
    ...(first?.code === 130 ? [] : [`the first run ended with ${first?.code}`]),
    ...(second?.code === 0 ? [] : [`the second run ended with ${second?.code}`]),
    ...((second?.told?.doneBefore ?? 0) > 0 ? [] : ["the second run did not resume"]),
    ...(asked.again <= pageCount / 100 ? [] : [`${asked.again} requests for pages were repeated`]),
    ...read.flatMap(({ hits, others }, at) =>
      hits === pageCount ? [] : [`colo ${at + 1} has ${hits} hits (${others.join("; ")})`],
    ),
  ];
  return { text, faults };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      pages: { type: "string", default: "20000" },
      seed: { type: "string", default: "1" },
    },
  });
  const [pageCount, seed] = [Number(values.pages), Number(values.seed)];
  const running = new Running();
  const log = new RuntimeLog();
  try {
    process.stdout.write(`${machineSaid()}, ${coloCount} colos\n\n`);
    const ground = await startAll(running, log, seed);
    const { text, faults } = report(await measured(ground, pageCount, seed), pageCount);
    process.stdout.write(text);
    process.stdout.write(
      faults.length === 0 ? "All demands are met.\n" : `FAILED: ${faults.join("; ")}.\n`,
    );
    process.stderr.write(log.take());
    process.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await running.stop();
  }
}

const program = (name: string): URL => new URL(`./${name}-process.ts`, import.meta.url);

await main();
