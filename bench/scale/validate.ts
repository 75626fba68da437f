// Compares the simulation with real colos: the same small trace, on workerd over an embedded Valkey
// and in simulated time.
import { setTimeout as delay } from "node:timers/promises";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { Draws } from "../../testing/draws.ts";
import { type Script, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import { adminToken, storesSettled } from "../../testing/worker/world.ts";
import { type Use, useOf } from "../cost/command-use.ts";
import { ask, nowAtMs } from "../load/ask.ts";
import { startColos } from "../load/colos.ts";
import { pageText } from "../load/page-text.ts";
import { RuntimeLog } from "../load/runtime-log.ts";
import { originMs, type Page, type Trace, type TraceEvent, traceOf } from "../trace/trace.ts";
import { countsIn, type PlayedPage, PlayedSite, siteHost } from "./played-site.ts";
import { PlayedTime } from "./played-time.ts";
import { openStores } from "./stores.ts";

/** Counts of one run. `fills` includes freshenings. */
export interface RunCounts {
  readonly lookUps: number;
  readonly fills: number;
  readonly journalReads: number;
  readonly originRequests: number;
}

export interface Comparison {
  readonly colos: number;
  readonly requests: number;
  readonly seconds: number;
  readonly real: RunCounts;
  readonly simulated: RunCounts;
  readonly troubles: readonly string[];
}

const lag = { maxLagSeconds: 10, clockAllowanceSeconds: 1 };
const restRttMs = 5;
const warmPath = "/pages/warm";

export async function compared(colos: number, seconds: number, seed: number): Promise<Comparison> {
  const trace = smallTrace(colos, seconds, seed);
  // The simulation comes first: while it runs, no connection may use the timers that it replaces.
  const { counts: simulated, troubles } = await simulatedRun(trace, { colos, seed, seconds });
  const running = new Running();
  try {
    const real = await realRun(running, trace, colos);
    const requests = trace.events.filter(({ kind }) => kind === "visit").length;
    return { colos, requests, seconds, real, simulated, troubles };
  } finally {
    await running.stop();
  }
}

/** Few enough for twelve colos on two cores. */
const requestsPerSecond = 25;
const editsKeptOneIn = 10;
/** Longer lifetimes, so that a slow machine, whose fills take longer, refreshes little earlier. */
const stretch = 5;

/** Returns the bench trace at a low rate, with fewer edits, and spread over these colos. */
export function smallTrace(colos: number, seconds: number, seed: number): Trace {
  const draws = new Draws(seed);
  const { pages, events } = traceOf({
    requestCount: requestsPerSecond * seconds,
    pageCount: 500,
    durationMs: seconds * 1_000,
    seed,
    stretch,
  });
  let edits = 0;
  const kept = events.flatMap((event): TraceEvent[] => {
    const colo = Math.floor(draws.between(0, colos));
    if (event.kind === "edit" && (edits += 1) % editsKeptOneIn > 0) return [];
    return [{ ...event, colo }];
  });
  return { pages, events: kept };
}

async function realRun(running: Running, { pages, events }: Trace, coloCount: number) {
  const versions = pages.map(() => 1);
  const origin = await running.add(startScriptedOrigin(scriptOf(pages, versions)));
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const commands = new Map<Use, number>();
  const rest = await running.add(
    startUpstashRestServer({
      redisUrl,
      token: "token",
      rttMs: restRttMs,
      onAnswered: (call) => {
        const use = useOf(call.commands, new Map());
        commands.set(use, (commands.get(use) ?? 0) + call.commands.length);
      },
    }),
  );
  const colos = await startColos(running, {
    name: "scale",
    worker: await bundleWith(JSON.stringify({ purge: lag })),
    originUrls: Array.from({ length: coloCount }, () => origin.url),
    env: {
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      ADMIN_TOKEN: adminToken,
      SITE_HOST: siteHost,
    },
    log: new RuntimeLog(),
  });
  const urls = colos.map(({ url }) => url);
  for (const url of urls) await ask(`${url}${warmPath}`);
  await delay(1_000);
  commands.clear();
  origin.seen.length = 0;
  await replay({ pages, events }, { urls, versions });
  const count = (use: Use) => commands.get(use) ?? 0;
  const [journalReads, originRequests] = [count("journal read"), origin.seen.length];
  await Promise.all(colos.map(storesSettled));
  return {
    lookUps: count("look-up"),
    fills: count("fill") + count("freshening"),
    journalReads,
    originRequests,
  };
}

const scriptOf =
  (pages: readonly Page[], versions: readonly number[]): Script =>
  ({ url = "", headers }, response) => {
    const number = Number(/^\/pages\/(\d+)/.exec(url)?.[1] ?? 0);
    const page = pages[number];
    const etag = `"v${versions[number]}"`;
    const fields = {
      "content-type": "text/html",
      "cache-control": `max-age=${page?.lifetimeSeconds}`,
      "surrogate-key": page?.tag ?? "",
      etag,
    };
    void delay(originMs).then(() =>
      headers["if-none-match"] === etag
        ? response.writeHead(304, fields).end()
        : response.writeHead(200, fields).end(pageText(number, page?.bodyBytes ?? 0)),
    );
  };

async function replay(
  { events }: Trace,
  { urls, versions }: { urls: readonly string[]; versions: number[] },
): Promise<void> {
  const beganAtMs = nowAtMs();
  const under: Promise<unknown>[] = [];
  for (const event of events) {
    const aheadMs = beganAtMs + event.atMs - nowAtMs();
    if (aheadMs > 1) await delay(aheadMs);
    const url = urls[event.colo];
    if (event.kind === "visit") {
      under.push(ask(`${url}${event.target}`));
      continue;
    }
    for (const number of event.pages) versions[number] = (versions[number] ?? 1) + 1;
    const { by } = event;
    const targets =
      by.kind === "tag"
        ? { tags: [by.tag] }
        : { urls: [`http://${siteHost}${by.page.path}${by.page.query}`] };
    const headers = { authorization: `Bearer ${adminToken}` };
    const body = JSON.stringify(targets);
    under.push(ask(`${url}/_cache/purge`, headers, { method: "POST", body }));
  }
  await Promise.all(under);
}

export async function simulatedRun(
  { pages, events }: Trace,
  { colos, seed, seconds }: { colos: number; seed: number; seconds: number },
): Promise<{ counts: RunCounts; troubles: readonly string[] }> {
  const time = new PlayedTime();
  const played = pages.map(({ path, query, tag, lifetimeSeconds }): PlayedPage => ({
    target: path + query,
    tag,
    lifetimeSeconds,
    version: 1,
    firstAgeSeconds: 0,
  }));
  const warm = { target: warmPath, tag: "t0", lifetimeSeconds: 2, version: 1, firstAgeSeconds: 0 };
  return time.keeping(async () => {
    const stores = openStores("all in Redis", time, 8);
    const draws = new Draws(seed);
    const config = { metrics: "off", purge: lag, routes: [{ name: "all", match: "*" }] } as const;
    const site = new PlayedSite({ time, stores, draws, config, pages: [...played, warm] });
    const isolates = Array.from({ length: colos }, (_, colo) => site.startIsolate(colo, false));
    for (const isolate of isolates) void isolate.ask(warm);
    await time.passTo(time.atMs + 1_000);
    isolates.forEach((isolate) => isolate.taken());
    const originBefore = site.originRequests;
    for (const event of events) {
      time.after(event.atMs, () => {
        const isolate = isolates[event.colo];
        if (isolate === undefined) return;
        if (event.kind === "visit") {
          const page = played[event.page];
          if (page) void isolate.ask(page, event.target);
          return;
        }
        const { by } = event;
        const named =
          by.kind === "tag" ? { tag: by.tag } : { target: by.page.path + by.page.query };
        const changed = event.pages.flatMap((number) => played[number] ?? []);
        void site.edit({ pages: changed, by: named }, isolate);
      });
    }
    await time.passTo(time.atMs + seconds * 1_000);
    const { redisCommands } = countsIn(isolates.map((isolate) => isolate.taken()));
    const counts = {
      lookUps: redisCommands["look-up"] ?? 0,
      fills: (redisCommands["fill"] ?? 0) + (redisCommands["freshening"] ?? 0),
      journalReads: redisCommands["journal read"] ?? 0,
      originRequests: site.originRequests - originBefore,
    };
    return { counts, troubles: site.troubles };
  });
}
