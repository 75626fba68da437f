// The origin is down for some time and then recovers, while all clients send requests.
import { setTimeout as delay } from "node:timers/promises";
import { counted, markdownTable } from "../load/figures.ts";
import { nowAtMs } from "../load/ask.ts";
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
const downMs = 20_000;
const afterMs = 6_000;
const pageCount = 50;
const pace = { thinkMsMin: 500, thinkMsMax: 1_000 };
const manner = { delayMs: 200, cacheControl: "max-age=2", isDown: false };

export async function originDown(ground: Ground): Promise<string> {
  await setOrigin(ground, manner);
  const paths = Array.from({ length: pageCount }, (_, at) => `/lasting/${at}`);
  const rows: string[][] = [];
  for (const system of ground.systems) {
    await warm(ground, system, paths);
    const outage = goDown(ground);
    const clients = spread(system, 500, () => ({ paths, pace }));
    const durationMs = beforeMs + downMs + afterMs;
    const { samples, requests } = await measured(ground, system, {
      clients,
      durationMs,
    });
    const { fromMs, untilMs } = await outage;
    const during = samples.filter(
      ({ startedAtMs }) => startedAtMs >= fromMs && startedAtMs < untilMs,
    );
    rows.push([
      system.name,
      counted(during.length),
      ...latencies(during),
      counted(requests.filter(({ wasDown }) => wasDown).length),
    ]);
  }
  return (
    `## The origin is down\n\n500 clients on ${pageCount} pages with \`${manner.cacheControl}\` and a ` +
    `day of stale-if-error, an origin that takes 200 ms and breaks connections for ` +
    `${downMs / 1_000} s.\n\n` +
    markdownTable(["", "requests while down", ...latencyHead, "tries at the origin"], rows)
  );
}

async function goDown(ground: Ground): Promise<{ fromMs: number; untilMs: number }> {
  await delay(beforeMs);
  await setOrigin(ground, { ...manner, isDown: true });
  const fromMs = nowAtMs();
  await delay(downMs);
  const untilMs = nowAtMs();
  await setOrigin(ground, manner);
  return { fromMs, untilMs };
}
