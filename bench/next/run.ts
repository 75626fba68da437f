// Runs all histories of one cache handler over the same processes and one Redis, with faults.
import { setTimeout as delay } from "node:timers/promises";
import { Running } from "../../local/running.ts";
import { BreakableRedis, keepsAll } from "../../testing/consistency/breakable-redis.ts";
import { Draws } from "../../testing/draws.ts";
import { nowAtMs } from "../load/ask.ts";
import type { HandlerName } from "./handlers.ts";
import { playHistory } from "./history.ts";
import {
  type Bounds,
  type CacheKind,
  type Fault,
  type HistoryEvent,
  violationsIn,
  type Violation,
} from "./judge.ts";
import { Origin } from "./origin.ts";
import type { Site } from "./requests.ts";
import { build, Server } from "./server.ts";

export interface RunSettings {
  readonly handler: HandlerName;
  readonly caches: readonly CacheKind[];
  readonly historyCount: number;
  /** The number of histories at a time. */
  readonly togetherCount: number;
  readonly seed: number;
  readonly bounds: Bounds;
  readonly hasFaults: boolean;
}

export interface Played {
  readonly id: string;
  readonly events: readonly HistoryEvent[];
  readonly violations: readonly Violation[];
}

export interface RunResult {
  readonly settings: RunSettings;
  readonly histories: readonly Played[];
  readonly faults: readonly Fault[];
  readonly faultCounts: Readonly<Record<FaultName, number>>;
  readonly loadCount: number;
}

const processCount = 2;

/** The time after a fault in which clients of Redis connect again. */
const recoveryMs = 2_000;

/** The time between the starts of the first histories. */
const rampMs = 100;

const faultNames = ["process killed", "Redis paused", "Redis restarted"] as const;
type FaultName = (typeof faultNames)[number];

export async function runHistories(settings: RunSettings): Promise<RunResult> {
  const { bounds } = settings;
  const running = new Running();
  try {
    const origin = await running.add(Origin.start());
    const redis = await running.add(BreakableRedis.start(keepsAll));
    const withinSeconds = bounds.withinMs / 1_000;
    const urls = { originUrl: origin.url, redisUrl: redis.url };
    const ofServers = { handler: settings.handler, ...urls, withinSeconds };
    const action = await build(ofServers);
    const servers: Server[] = [];
    for (let count = 0; count < processCount; count += 1) {
      servers.push(await running.add(Server.start(ofServers)));
    }
    const draws = new Draws(settings.seed);
    const breaking = new Breaking({ redis, servers, draws: draws.fork() });
    const broken = settings.hasFaults ? breaking.untilStopped() : undefined;
    const site = { origin, urls: servers.map(({ url }) => url), action };
    const played = await playAll(settings, site, draws);
    breaking.isOver = true;
    await broken;
    for (const { crash } of servers) {
      if (crash !== undefined) throw new Error(`A process ended by itself. ${crash}`);
    }
    const { faults, counts: faultCounts } = breaking;
    const disturbances = { faults, rejectedAtMs: servers.map((one) => one.rejectedAtMs) };
    const histories = played.map(({ id, events }) => ({
      id,
      events,
      violations: violationsIn(events, { ...disturbances, renders: origin.rendersOf(id) }, bounds),
    }));
    return { settings, histories, faults, faultCounts, loadCount: origin.loadCount };
  } finally {
    await running.stop();
  }
}

async function playAll(
  { caches, historyCount, togetherCount, bounds }: RunSettings,
  site: Site,
  draws: Draws,
): Promise<{ id: string; events: HistoryEvent[] }[]> {
  const waiting = Array.from({ length: historyCount }, (_, nth) => ({
    id: `item-${nth}`,
    draws: draws.fork(),
  }));
  const played: { id: string; events: HistoryEvent[] }[] = [];
  const playInTurn = async (_: unknown, nth: number) => {
    // A burst of first requests would overload the cold processes.
    await delay(rampMs * nth);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      played.push({ id: next.id, events: await playHistory({ ...next, site, caches, bounds }) });
    }
  };
  await Promise.all(Array.from({ length: togetherCount }).map(playInTurn));
  return played;
}

/** Kills processes, and pauses and restarts Redis, one fault after another. */
class Breaking {
  readonly faults: Fault[] = [];
  readonly counts: Record<FaultName, number> = {
    "process killed": 0,
    "Redis paused": 0,
    "Redis restarted": 0,
  };
  isOver = false;
  readonly #of: { redis: BreakableRedis; servers: readonly Server[]; draws: Draws };

  constructor(of: { redis: BreakableRedis; servers: readonly Server[]; draws: Draws }) {
    this.#of = of;
  }

  async untilStopped(): Promise<void> {
    const { draws } = this.#of;
    while (!this.isOver) {
      await delay(draws.between(4_000, 10_000));
      if (this.isOver) break;
      const name = draws.oneOf(faultNames);
      this.counts[name] += 1;
      const fault: [number, number] = [nowAtMs(), Number.POSITIVE_INFINITY];
      this.faults.push(fault);
      await this.#break(name, draws.between(500, 4_000));
      fault[1] = nowAtMs() + recoveryMs;
    }
  }

  async #break(name: FaultName, forMs: number): Promise<void> {
    const { redis, servers, draws } = this.#of;
    switch (name) {
      case "process killed": {
        const server = draws.oneOf(servers);
        await server.stop();
        return server.start();
      }
      case "Redis paused":
        redis.pause();
        await delay(forMs);
        return redis.resume();
      case "Redis restarted":
        await redis.kill();
        await delay(forMs / 4);
        return redis.startAgain();
    }
  }
}
