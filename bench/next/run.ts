// Runs all histories of one cache handler over the same processes and one Redis, with faults.
import { setTimeout as delay } from "node:timers/promises";
import { together } from "../../local/running.ts";
import { BreakableRedis, keepsAll } from "../../testing/consistency/breakable-redis.ts";
import { Draws } from "../../testing/draws.ts";
import { Breaking, type Faults } from "../histories/breaking.ts";
import type { Bounds, Fault, Seen } from "../histories/events.ts";
import { type Load, Origin } from "../histories/origin.ts";
import { planOf } from "../histories/plan.ts";
import { playAll } from "../histories/play.ts";
import type { HandlerName } from "./handlers.ts";
import {
  type CacheKind,
  type HistoryEvent,
  type Render,
  violationsIn,
  type Violation,
} from "./judge.ts";
import { drawnPurge, processCount, type PurgeCall, purgeItem, readItem } from "./requests.ts";
import { build, type Server, startServer } from "./server.ts";

interface RunSettings {
  readonly handler: HandlerName;
  readonly caches: readonly CacheKind[];
  readonly historyCount: number;
  /** The number of histories at a time. */
  readonly togetherCount: number;
  readonly seed: number;
  readonly bounds: Bounds;
}

interface Played {
  readonly id: string;
  readonly events: readonly HistoryEvent[];
  readonly violations: readonly Violation[];
}

export interface RunResult {
  readonly settings: RunSettings;
  readonly histories: readonly Played[];
  readonly faults: readonly Fault[];
}

export async function runHistories(settings: RunSettings): Promise<RunResult> {
  const { bounds } = settings;
  return together(async (running) => {
    const origin = await running.add(Origin.start());
    const redis = await running.add(BreakableRedis.start(keepsAll));
    const withinSeconds = bounds.withinMs / 1_000;
    const urls = { originUrl: origin.url, redisUrl: redis.url };
    const ofServers = { handler: settings.handler, ...urls, withinSeconds };
    const action = await build(ofServers);
    const servers: Server[] = [];
    for (let count = 0; count < processCount; count += 1) {
      servers.push(await running.add(startServer(ofServers)));
    }
    const draws = new Draws(settings.seed);
    const breaking = new Breaking(faultsOf(redis, servers), draws.fork());
    const broken = breaking.untilStopped();
    const site = { origin, urls: servers.map(({ url }) => url), action };
    const drawn = { caches: settings.caches, processCount, purge: drawnPurge };
    const plans = Array.from({ length: settings.historyCount }, (_, nth) => ({
      id: `item-${nth}`,
      plan: planOf(draws.fork(), drawn),
    }));
    const clients = {
      origin,
      processCount,
      read: (id: string, cache: CacheKind, process: number) =>
        readItem(site, { id, cache, process }),
      purge: (id: string, call: PurgeCall, seen: Seen) => purgeItem(site, id, call, seen),
    };
    const played = await playAll(plans, clients, settings);
    breaking.isOver = true;
    await broken;
    for (const { crash } of servers) {
      if (crash !== undefined) throw new Error(`A process ended by itself. ${crash}`);
    }
    const { faults } = breaking;
    const disturbances = { faults, rejectedAtMs: servers.map((one) => one.rejectedAtMs) };
    const histories = played.map(({ id, events }) => {
      const renders = origin.loadsOf(id).flatMap(renderOf);
      const violations = violationsIn(events, { ...disturbances, renders }, bounds);
      return { id, events, violations };
    });
    return { settings, histories, faults };
  });
}

/** Returns the load as a render if it is that of a page. */
const renderOf = ({ reader, loadedAtMs }: Load): Render[] =>
  reader === "page" || reader === "isr" ? [{ cache: reader, loadedAtMs }] : [];

const faultsOf = (redis: BreakableRedis, servers: readonly Server[]): Faults => ({
  "process killed": async (_, draws) => {
    await draws.oneOf(servers).restart();
  },
  "Redis paused": async (forMs) => {
    redis.pause();
    await delay(forMs);
    redis.resume();
  },
  "Redis restarted": async (forMs) => {
    await redis.kill();
    await delay(forMs / 4);
    await redis.startAgain();
  },
});
