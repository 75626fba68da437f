// Runs one part of the truth bench: a load on three colos, whose Workers the bench may kill. Then
// waits for all reports, and reads the metrics.
import { setTimeout as delay } from "node:timers/promises";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import type { Running } from "../../local/running.ts";
import { Draws } from "../../testing/draws.ts";
import type { ReportPace } from "../../src/observe/metrics.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import { bundleWithParts } from "../../testing/worker/bundle-with-parts.ts";
import { adminToken, storesSettled } from "../../testing/worker/world.ts";
import { nowAtMs } from "../load/ask.ts";
import { startPart } from "../load/part.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import type { ClientsCalls, PurgeRow } from "./clients-process.ts";
import { ColoLives, type Commands, type Life, type Moment } from "./colo-lives.ts";
import type { OriginCalls, OriginRow } from "./origin-process.ts";
import type { Row } from "./seen.ts";
import { coloCount, configuration } from "./site-plan.ts";

export interface TruthSettings {
  readonly requestCount: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly purgeEveryMs: number;
  readonly pace: ReportPace;
  /** Whether the Worker reports at another pace than the deployed Worker. */
  readonly isHurried: boolean;
  /** The average time between kills; if absent, nothing is killed. */
  readonly killEveryMs?: number;
}

export interface TruthRun {
  /** The rows of the load, and of the requests that trigger the last reports. */
  readonly rows: readonly Row[];
  readonly purges: readonly PurgeRow[];
  readonly origin: readonly OriginRow[];
  readonly lives: readonly Life[];
  /**
   * The number of Redis commands by colo and purpose: of those before the last reports, and of all.
   */
  readonly commands: readonly { readonly told: Commands; readonly sent: Commands }[];
  /** The sums in each report that Redis has accepted, as JSON. */
  readonly reports: readonly string[];
  /** The text of the last scrape. */
  readonly metrics: string;
  readonly lateMsMax: number;
  readonly kills: Readonly<Record<Moment, number>>;
  readonly pace: ReportPace;
}

const program = (name: string): URL => new URL(name, import.meta.url);

export async function truthRun(
  running: Running,
  settings: TruthSettings,
  log: RuntimeLog,
): Promise<TruthRun> {
  const origin = await running.add(startPart<OriginCalls>(program("origin-process.ts")));
  const clients = await running.add(startPart<ClientsCalls>(program("clients-process.ts")));
  const originUrls = await origin.call("start", coloCount);
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const worker = await workerOf(settings);
  const colos: ColoLives[] = [];
  // Start the colos in sequence, so that a new process belongs to the colo that has just been
  // started.
  for (const [at, originUrl] of originUrls.entries()) {
    colos.push(await ColoLives.start(running, { at, worker, originUrl, redisUrl, log }));
  }
  const { requestCount, perSecond, seed, purgeEveryMs } = settings;
  const coloUrls = colos.map(({ url }) => url);
  const load = { requestCount, perSecond, seed, purgeEveryMs, coloUrls, adminToken };
  const first = await clients.call("warmUp", load);
  const killing = new Killing(colos, settings);
  const loaded = await clients.call("load", load).finally(() => killing.end());
  const { purges, lateMsMax } = loaded;
  const rows = [...first, ...loaded.rows];
  await killing.over;
  const last = await Promise.all(
    colos.map((colo, at) =>
      toldAtLast(colo, settings.pace, rowsOf(rows, at), () =>
        clients.call("one", { colo: at, url: colo.url }),
      ),
    ),
  );
  return {
    rows: [...rows, ...last.flat()],
    purges,
    origin: await origin.call("take"),
    lives: colos.flatMap(({ lives }) => lives),
    commands: colos.map(({ commands }) => commands),
    reports: colos.flatMap(({ reports }) => reports),
    metrics: await scraped(colos),
    lateMsMax,
    kills: killing.counts,
    pace: settings.pace,
  };
}

function workerOf({ pace, isHurried }: TruthSettings): Promise<string> {
  if (!isHurried) return bundleWith(configuration);
  const parts = `{ metrics: (...given) => new Metrics(...given, ${JSON.stringify(pace)}) }`;
  return bundleWithParts(configuration, {
    name: "Metrics",
    from: "./src/observe/metrics.ts",
    parts,
  });
}

const rowsOf = (rows: readonly Row[], colo: number): Row[] =>
  rows.filter((row) => row.colo === colo);

const quietMs = 500;
const reportMsMax = 10_000;

/**
 * Waits for the last reports of an isolate. An isolate reports after its first response past the
 * due time, so this function waits for that time, and then sends one request. An isolate that has
 * not reported after a minute was not busy, and reports after five minutes.
 *
 * @returns the rows of the sent requests
 * @throws Error if the isolate does not report in time
 */
async function toldAtLast(
  colo: ColoLives,
  { busyAfterMs, quietAfterMs }: ReportPace,
  rows: readonly Row[],
  ask: () => Promise<Row>,
): Promise<Row[]> {
  await storesSettled(colo.running);
  while (colo.quietMs < quietMs) await delay(quietMs - colo.quietMs);
  const { life } = colo;
  const { length: before } = life.tellings;
  const sinceMs = life.tellings.at(-1)?.atMs ?? firstAnswerMs(rows, life);
  const sent: Row[] = [];
  for (const afterMs of [busyAfterMs, quietAfterMs]) {
    await delay(Math.max(0, sinceMs + afterMs + quietMs - nowAtMs()));
    sent.push(await ask());
    for (let ms = 0; ms < reportMsMax && life.tellings.length === before; ms += 50) {
      await delay(50);
      if (afterMs === busyAfterMs && ms > 2 * quietMs) break;
    }
    if (life.tellings.length > before) break;
  }
  if (life.tellings.length === before) throw new Error("An isolate has not reported in time.");
  // The isolate may send more reports, if its counts exceed the size of one report.
  while (colo.quietMs < quietMs) await delay(quietMs - colo.quietMs);
  return sent;
}

/** Returns the time of the isolate's first response, at which counting begins. */
function firstAnswerMs(rows: readonly Row[], { fromMs }: Life): number {
  const own = rows.filter(({ status, endedAtMs }) => status !== 0 && endedAtMs >= fromMs);
  return own.reduce((least, { endedAtMs }) => Math.min(least, endedAtMs), nowAtMs());
}

async function scraped([colo]: readonly ColoLives[]): Promise<string> {
  const response = await fetch(`${colo?.url}/_cache/metrics`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  if (response.status === 200) return response.text();
  throw new Error(`The scrape failed with ${response.status}: ${await response.text()}`);
}

const moments: readonly Moment[] = ["now", "report not taken", "now", "report not answered"];

/** Kills colos one after the other at random times, until `end` is called. */
class Killing {
  readonly counts: Record<Moment, number> = {
    now: 0,
    "report not taken": 0,
    "report not answered": 0,
  };
  readonly over: Promise<void>;
  readonly #ended = new AbortController();

  constructor(colos: readonly ColoLives[], { killEveryMs, seed }: TruthSettings) {
    this.over = killEveryMs === undefined ? Promise.resolve() : this.#run(colos, killEveryMs, seed);
  }

  end(): void {
    this.#ended.abort();
  }

  async #run(colos: readonly ColoLives[], everyMs: number, seed: number): Promise<void> {
    const draws = new Draws(seed);
    const { signal } = this.#ended;
    for (let at = 0; ; at += 1) {
      const pauseMs = draws.between(0.2, 1.8) * everyMs;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const moment = moments[at % moments.length] ?? "now";
      if (await draws.oneOf(colos).killed(moment, signal)) this.counts[moment] += 1;
    }
  }
}
