// Runs a real site for an hour of real time, with workerd and Redis, under purges, restarts and faults.
// Samples the memory of each process and the keys in Redis, and compares counts at the end.
import { Redis } from "ioredis";
import type { Snapshot } from "../../src/observe/metrics.ts";
import { run, type RunResult, type RunSettings } from "../../testing/consistency/run.ts";
import { adminToken, type ColoUnderTest } from "../../testing/consistency/site-under-test.ts";
import { counted, markdownTable } from "../load/figures.ts";
import { growthOf } from "./flat.ts";
import { residentBytesOf, runtimePids } from "../load/process-cpu.ts";

export interface LiveSample {
  readonly minute: number;
  /** The resident memory of each workerd by its process ID. A restarted colo has another process. */
  readonly residentBytes: ReadonlyMap<number, number>;
  readonly redisBytes: number;
  readonly keys: number;
  readonly keysWithoutExpiry: number;
}

export interface LiveHour {
  readonly result: RunResult;
  readonly samples: readonly LiveSample[];
  /** A sentence for each colo whose own count differs from the number of responses. */
  readonly miscounts: readonly string[];
}

const minuteMs = 60_000;

/** @param settings without `watch` */
export async function liveHour(settings: RunSettings): Promise<LiveHour> {
  const samples: LiveSample[] = [];
  const miscounts: string[] = [];
  const result = await run({
    ...settings,
    watch: {
      everyMs: minuteMs,
      async look({ redis }) {
        const held = await heldIn(redis.url).catch(() => undefined);
        // Redis is paused or restarts now. The next minute has a sample again.
        if (held === undefined) return;
        const residentBytes = new Map(runtimePids().map((pid) => [pid, residentBytesOf(pid)]));
        samples.push({ minute: samples.length + 1, residentBytes, ...held });
      },
      async whenQuiet(colo, readAll) {
        const before = await countedBy(colo);
        const read = await readAll();
        const grownBy = (await countedBy(colo)) - before;
        if (grownBy === read) return;
        miscounts.push(`${colo.name} counted ${grownBy} requests, and answered ${read}.`);
      },
    },
  });
  return { result, samples, miscounts };
}

type Held = Omit<LiveSample, "minute" | "residentBytes">;

async function heldIn(url: string): Promise<Held> {
  const redis = new Redis(url, { protocol: 2, disableClientInfo: true, commandTimeout: 5_000 });
  try {
    const info = await redis.info();
    const numberIn = (pattern: RegExp) => Number(pattern.exec(info)?.[1] ?? 0);
    const keys = numberIn(/^db0:keys=(\d+)/m);
    const keysWithoutExpiry = keys - numberIn(/^db0:keys=\d+,expires=(\d+)/m);
    return { redisBytes: numberIn(/^used_memory:(\d+)/m), keys, keysWithoutExpiry };
  } finally {
    redis.disconnect();
  }
}

/** Returns the number of requests that the colo's isolate has counted. */
async function countedBy({ url }: ColoUnderTest): Promise<number> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const response = await fetch(`${url}/_cache/stats`, { headers });
  const { routes } = (await response.json()) as Pick<Snapshot, "routes">;
  return Object.values(routes).reduce((sum, { requests }) => sum + requests, 0);
}

/** A process with fewer samples is still filling its memory. */
const samplesMin = 12;

/** @returns a sentence for each fault that the checker of purges does not see */
export function liveFaults({ samples, miscounts }: LiveHour): string[] {
  const keys = samples.map((sample) => sample.keys);
  const keysWithoutExpiry = samples.map((sample) => sample.keysWithoutExpiry);
  const memory = [...byProcess(samples)].filter(([, bytes]) => bytes.length >= samplesMin);
  return [
    ...miscounts,
    ...memory.flatMap(([pid, bytes]) =>
      growthOf(`The memory of workerd ${pid}`, bytes, { share: 0.15, constant: 20_000_000 }),
    ),
    ...growthOf("keys", keys, { share: 0.1, constant: 50 }),
    ...growthOf("keys without expiry", keysWithoutExpiry, { share: 0, constant: 3 }),
  ];
}

function byProcess(samples: readonly LiveSample[]): ReadonlyMap<number, readonly number[]> {
  const series = new Map<number, number[]>();
  for (const { residentBytes } of samples) {
    for (const [pid, bytes] of residentBytes) series.set(pid, [...(series.get(pid) ?? []), bytes]);
  }
  return series;
}

export function liveTable({ samples }: LiveHour): string {
  const inMegabytes = (bytes: number) => (bytes / 1_000_000).toFixed(0);
  const head = ["minute", "workerd, MB", "Redis, MB", "keys", "without expiry"];
  const rows = samples.map(({ minute, residentBytes, redisBytes, keys, keysWithoutExpiry }) => [
    String(minute),
    Array.from(residentBytes.values(), inMegabytes).join(", "),
    inMegabytes(redisBytes),
    counted(keys),
    String(keysWithoutExpiry),
  ]);
  return markdownTable(head, rows);
}
