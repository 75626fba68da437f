// The origin is down for some time and then recovers, while all clients send requests.
import { setTimeout as delay } from "node:timers/promises";
import { counted, markdownTable } from "../load/figures.ts";
import { nowAtMs } from "../load/ask.ts";
import type { OriginRequest } from "./origin-process.ts";
import {
  type Ground,
  latencies,
  latencyHead,
  measured,
  setOrigin,
  spread,
  warm,
} from "./measured.ts";

const beforeMs = 6_000;
const afterMs = 6_000;
const pageCount = 50;
const pace = { thinkMsMin: 500, thinkMsMax: 1_000 };
const manner = { delayMs: 200, cacheControl: "max-age=2", isDown: false };

export async function originDown(ground: Ground, downMs: number): Promise<string> {
  await setOrigin(ground, manner);
  const paths = Array.from({ length: pageCount }, (_, at) => `/lasting/${at}`);
  const rows: string[][] = [];
  for (const system of ground.systems) {
    await warm(ground, system, paths);
    const outage = goDown(ground, downMs);
    const clients = spread(system, 500, () => ({ paths, pace }));
    const durationMs = beforeMs + downMs + afterMs;
    const { samples, requests, redisCommands } = await measured(ground, system, {
      clients,
      durationMs,
    });
    const { fromMs, untilMs } = await outage;
    const during = samples.filter(
      ({ startedAtMs }) => startedAtMs >= fromMs && startedAtMs < untilMs,
    );
    const firstSecond = requests.filter(
      ({ atMs, wasDown }) => !wasDown && atMs >= untilMs && atMs < untilMs + 1_000,
    );
    rows.push([
      system.name,
      counted(during.length),
      ...latencies(during),
      counted(requests.filter(({ wasDown }) => wasDown).length),
      counted(redisCommands),
      counted(firstSecond.length),
      counted(mostOfOneKey(firstSecond)),
    ]);
  }
  return (
    `## The origin is down\n\n500 clients on ${pageCount} pages with \`${manner.cacheControl}\` and a ` +
    `day of stale-if-error, an origin that takes 200 ms and breaks connections for ` +
    `${downMs / 1_000} s.\n\n` +
    markdownTable(
      [
        "",
        "requests while down",
        ...latencyHead,
        "tries at the origin",
        "Redis commands in total",
        "origin requests in the first second after the outage",
        "the most for one page and isolate",
      ],
      rows,
    )
  );
}

async function goDown(
  ground: Ground,
  downMs: number,
): Promise<{ fromMs: number; untilMs: number }> {
  await delay(beforeMs);
  await setOrigin(ground, { ...manner, isDown: true });
  const fromMs = nowAtMs();
  await delay(downMs);
  const untilMs = nowAtMs();
  await setOrigin(ground, manner);
  return { fromMs, untilMs };
}

function mostOfOneKey(requests: readonly OriginRequest[]): number {
  const counts = new Map<string, number>();
  for (const { colo, path } of requests) {
    counts.set(`${colo} ${path}`, (counts.get(`${colo} ${path}`) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}
