// Redis stops responding under load, and later responds again. Meanwhile it neither rejects nor
// answers requests.
import { setTimeout as delay } from "node:timers/promises";
import { counted, markdownTable } from "../load/figures.ts";
import { nowAtMs } from "../load/ask.ts";
import type { Client, Sample } from "./clients-process.ts";
import { type Ground, latencies, measured, setOrigin, spread, warm } from "./measured.ts";
import { restRttMs, type System } from "./systems.ts";

const originMs = 50;
const beforeMs = 12_000;
const silentMs = 24_000;
const afterMs = 12_000;
const pageCount = 200;

const variants = [
  { said: "default options", folder: "/plain" },
  { said: '`whenUnreachable: "serve"`', folder: "/unverified" },
];

interface Phase {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

const phases: readonly Phase[] = [
  { name: "before", fromMs: 2_000, untilMs: beforeMs },
  { name: "silent, first 5 s", fromMs: beforeMs, untilMs: beforeMs + 5_000 },
  { name: "silent, then", fromMs: beforeMs + 5_000, untilMs: beforeMs + silentMs },
  { name: "after", fromMs: beforeMs + silentMs, untilMs: beforeMs + silentMs + afterMs },
];

export async function redisGone(ground: Ground): Promise<string> {
  await setOrigin(ground, { delayMs: originMs, cacheControl: "max-age=3600", isDown: false });
  const rows: string[][] = [];
  for (const { said, folder } of variants) {
    for (const system of ground.systems) {
      if (system.front === undefined && folder !== "/plain") continue;
      const name = system.front === undefined ? system.name : `${system.name}, ${said}`;
      const timed = await run(ground, system, folder);
      rows.push(...phases.map((phase) => rowOf(name, phase, timed)));
    }
  }
  return (
    `## Redis stops responding\n\n100 clients on ${pageCount} cached pages, ten more that request a new ` +
    `page twice a second, an origin that takes ${originMs} ms, Redis ${restRttMs} ms away, ` +
    `silent for ${silentMs / 1_000} s. The times are those of cached pages, and of misses.\n\n` +
    markdownTable(
      [
        "",
        "",
        "origin requests",
        "p50",
        "p99",
        "max",
        "errors",
        "misses: p50",
        "p99",
        "max",
        "errors",
      ],
      rows,
    )
  );
}

interface Timed {
  readonly beganAtMs: number;
  readonly samples: readonly Sample[];
  readonly originAtMs: readonly number[];
}

async function run(ground: Ground, system: System, folder: string): Promise<Timed> {
  const paths = Array.from({ length: pageCount }, (_, at) => `${folder}/cached-${at}`);
  await warm(ground, system, paths);
  const readers = spread(system, 100, () => ({
    paths,
    pace: { thinkMsMin: 100, thinkMsMax: 300 },
  }));
  const explorers = spread(system, 10, () => ({
    paths: [`${folder}/new-%`],
    pace: { thinkMsMin: 300, thinkMsMax: 700 },
  }));
  const beganAtMs = nowAtMs();
  const durationMs = beforeMs + silentMs + afterMs;
  const clients: Client[] = [...readers, ...explorers];
  const silencing = silence(system);
  const { samples, requests } = await measured(ground, system, { clients, durationMs });
  await silencing;
  return { beganAtMs, samples, originAtMs: requests.map(({ atMs }) => atMs) };
}

async function silence({ front }: System): Promise<void> {
  if (front === undefined) return;
  await delay(beforeMs);
  front.passage = "silent";
  await delay(silentMs);
  front.passage = "open";
}

function rowOf(name: string, { name: phase, fromMs, untilMs }: Phase, timed: Timed): string[] {
  const isWithin = (atMs: number) =>
    atMs - timed.beganAtMs >= fromMs && atMs - timed.beganAtMs < untilMs;
  const all = timed.samples.filter(({ startedAtMs }) => isWithin(startedAtMs));
  return [
    name,
    phase,
    counted(timed.originAtMs.filter((atMs) => isWithin(atMs)).length),
    ...latencies(all.filter(({ isMiss }) => !isMiss)),
    ...latencies(all.filter(({ isMiss }) => isMiss)),
  ];
}
