// Tests the switch under load: three colos of the built Worker over one Redis, clients in all
// colos, and posts that turn the switch on, off, and on for listed routes. Exits with 1 if a colo
// obeys a post late, or if a response is wrong or missing.
//   npm run bench -- switch [--rate 500] [--seed 1]
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import type { Bypass } from "../src/purge/journal/switch-state.ts";
import { bundleWith } from "../testing/worker/bundle-with.ts";
import { counted, machineSaid, markdownTable, percent, quantile } from "./load/figures.ts";
import { ask, nowAtMs } from "./load/ask.ts";
import { startColos } from "./load/colos.ts";
import { type Part, startPart } from "./load/part.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import type { RedisCalls } from "./speed/redis-process.ts";
import type { OriginCalls } from "./stampede/origin-process.ts";
import type { ClientCalls, ClientFigures } from "./switch/clients-process.ts";
import { faultsIn, type Followed, followed, type Post } from "./switch/judged.ts";

const coloCount = 3;
const adminToken = "admin-of-the-bench";
const withinSeconds = 2;
const redisRttMs = 20;
const originMs = 30;
/** The time between two posts. It is longer than N, so that clients see each state. */
const heldMs = 2 * withinSeconds * 1_000 + 500;
const routes = ["articles", "lists", "swift"];
const bypasses: readonly Bypass[] = [
  true,
  false,
  ["lists"],
  ["articles", "swift"],
  false,
  true,
  ["swift"],
  false,
];

const config = {
  purge: { maxLagSeconds: withinSeconds, clockAllowanceSeconds: 0.5 },
  routes: [
    { name: "articles", match: "/articles/*", fresh: "1h" },
    { name: "lists", match: "/lists/*", fresh: "1h", collapse: "global" },
    // A lifetime of 1 s, so that a refresh is nearly always in progress.
    { name: "swift", match: "/swift/*", fresh: "1s", staleWhileRevalidate: "1h" },
  ],
};

const postTriesMax = 5;

/**
 * Posts the switch. A post without a 200 may have taken effect, so this function repeats the post,
 * as an operator would. No response is judged between the first try and the 200.
 *
 * @throws Error if all tries fail
 */
async function posted(bypass: Bypass, colo: number, url: string): Promise<Post> {
  const sentAtMs = nowAtMs();
  const body = JSON.stringify({ bypass });
  const headers = { authorization: `Bearer ${adminToken}` };
  for (let tries = 1; ; tries += 1) {
    const { status, body: said } = await ask(`${url}/_cache/switch`, headers, {
      method: "POST",
      body,
    });
    if (status === 200) return { bypass, colo, sentAtMs, acceptedAtMs: nowAtMs() };
    process.stderr.write(`A post failed with ${status}: ${said}\n`);
    if (tries === postTriesMax) throw new Error("The Worker accepted no post.");
  }
}

async function throwSwitch(urls: readonly string[]): Promise<Post[]> {
  const posts: Post[] = [];
  for (const [at, bypass] of bypasses.entries()) {
    const colo = at % urls.length;
    posts.push(await posted(bypass, colo, urls[colo] ?? ""));
    await delay(heldMs);
  }
  return posts;
}

function report(rows: readonly Followed[], figures: ClientFigures): string {
  const bypassSaid = (bypass: Bypass) =>
    typeof bypass === "boolean" ? (bypass ? "on" : "off") : bypass.join(", ");
  const table = markdownTable(
    [
      "posted",
      "at colo",
      "seen at colo",
      "responses",
      "the last response that did not obey",
      "late",
      "hits after N",
    ],
    rows.map(({ post, colo, answerCount, obeyedAfterMs, lateCount, hitShare }) => [
      bypassSaid(post.bypass),
      String(post.colo + 1),
      String(colo + 1),
      counted(answerCount),
      `${counted(obeyedAfterMs)} ms`,
      String(lateCount),
      hitShare === undefined ? "–" : percent(hitShare),
    ]),
  );
  const { answers, tookMs, lateMsMax } = figures;
  const latest = Math.max(...rows.map(({ obeyedAfterMs }) => obeyedAfterMs));
  return (
    `${table}\n${counted(answers.length)} responses, p50 ${quantile(tookMs, 0.5).toFixed(1)} ms, ` +
    `p99 ${quantile(tookMs, 0.99).toFixed(1)} ms; N ${withinSeconds} s, the slowest colo obeyed after ` +
    `${counted(latest)} ms; clients late by at most ${counted(lateMsMax)} ms.\n`
  );
}

interface Ground {
  readonly clients: Part<ClientCalls>;
  readonly coloUrls: readonly string[];
}

async function startAll(running: Running, log: RuntimeLog): Promise<Ground> {
  const redis = await running.add(startPart<RedisCalls>(program("speed/redis")));
  const origin = await running.add(startPart<OriginCalls>(program("stampede/origin")));
  const clients = await running.add(startPart<ClientCalls>(program("switch/clients")));
  const env = { ...(await redis.call("start")), ADMIN_TOKEN: adminToken, SITE_HOST: "site.test" };
  await redis.call("setRttMs", redisRttMs);
  await origin.call("set", { delayMs: originMs, cacheControl: "public" });
  const originUrls = await origin.call("start", { coloCount });
  const worker = await bundleWith(JSON.stringify(config));
  const colos = await startColos(running, { name: "colo", worker, originUrls, env, log });
  return { clients, coloUrls: colos.map(({ url }) => url) };
}

async function measured(
  { clients, coloUrls }: Ground,
  { rate, seed }: { readonly rate: string; readonly seed: string },
): Promise<{ readonly figures: ClientFigures; readonly posts: readonly Post[] }> {
  const pace = { perSecond: Number(rate), seed: Number(seed) };
  const load = { coloUrls, routes, pagesPerRoute: 20, ...pace };
  await clients.call("fill", load);
  const asking = clients.call("run", load);
  const posts = await throwSwitch(coloUrls);
  await clients.call("end");
  return { figures: await asking, posts };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rate: { type: "string", default: "500" }, seed: { type: "string", default: "1" } },
  });
  const running = new Running();
  const log = new RuntimeLog();
  try {
    process.stdout.write(`${machineSaid()}, ${coloCount} colos\n\n`);
    const { figures, posts } = await measured(await startAll(running, log), values);
    const { answers } = figures;
    const rows = followed(posts, answers, { withinMs: withinSeconds * 1_000, coloCount });
    process.stdout.write(report(rows, figures));
    const faults = faultsIn(rows, answers.filter(({ kind }) => kind === "failed").length);
    process.stdout.write(
      faults.length === 0
        ? "All colos obeyed in time, and no response was an error.\n"
        : `FAILED: ${faults.join("; ")}.\n`,
    );
    process.stderr.write(log.take());
    process.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await running.stop();
  }
}

const program = (name: string): URL => new URL(`./${name}-process.ts`, import.meta.url);

await main();
