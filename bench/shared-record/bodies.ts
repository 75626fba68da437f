// Compares bodies stored with and without gzip by the CPU time of one workerd, which processes both
// in turn.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startColo } from "../../local/colo.ts";
import { Running } from "../../local/running.ts";
import { cpuUsOf, runtimePids } from "../load/process-cpu.ts";
import { counted, markdownTable, median } from "../load/figures.ts";
import { pageText } from "../load/page-text.ts";
import { dollarsAMillionOf } from "../cost/prices.ts";

const kibibyte = 1_024;
const sizes = [1, 2, 5, 10, 100, 500].map((kibibytes) => kibibytes * kibibyte);
const rounds = 5;
/** The number of bytes per round, enough to make Linux's tick of 10 ms negligible. */
const bytesEachRound = 32 * 1_048_576;
const timesMax = 4_000;

interface Cost {
  readonly chars: number;
  readonly readMs: number;
  readonly writeMs: number;
}

export async function bodyCosts(): Promise<string> {
  const running = new Running();
  try {
    const env = { ORIGIN_URL: "http://127.0.0.1:1" };
    const colo = await running.add(
      startColo({ name: "bodies", worker: await bodyWorker(), port: 0, env }),
    );
    const rows: string[][] = [];
    for (const bytes of sizes) rows.push(await rowOf(colo.url, bytes));
    return markdownTable(
      [
        "HTML",
        "in Redis without gzip",
        "as gzip",
        "CPU to read it at a hit",
        "as gzip",
        "CPU to write it at a fill",
        "as gzip",
        "a million hits: additional CPU, saved bytes",
      ],
      rows,
    );
  } finally {
    await running.stop();
  }
}

async function bodyWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("body-worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
  });
  return outputFiles[0]?.text ?? "";
}

async function rowOf(url: string, bytes: number): Promise<string[]> {
  const body = new TextEncoder().encode(pageText(0, bytes));
  const asked = (form: "plain" | "packed") => ({ url, body, form });
  const seen = { plain: [] as Cost[], packed: [] as Cost[] };
  for (let round = 0; round <= rounds; round += 1) {
    const [plain, packed] = [await cost(asked("plain")), await cost(asked("packed"))];
    // The first round warms up the runtime.
    if (round === 0) continue;
    seen.plain.push(plain);
    seen.packed.push(packed);
  }
  const [plain, packed] = [middle(seen.plain), middle(seen.packed)];
  const ms = (value: number) => `${value.toFixed(3)} ms`;
  const cpuDollars = dollarsAMillionOf({ cpuMs: packed.readMs - plain.readMs });
  const savedDollars = dollarsAMillionOf({ redisBytes: plain.chars - packed.chars });
  return [
    `${bytes / kibibyte} KiB`,
    `${counted(plain.chars)} B`,
    `${counted(packed.chars)} B`,
    ms(plain.readMs),
    ms(packed.readMs),
    ms(plain.writeMs),
    ms(packed.writeMs),
    `$${cpuDollars.toFixed(4)}, $${savedDollars.toFixed(2)}`,
  ];
}

function middle(costs: readonly Cost[]): Cost {
  const of = (name: keyof Cost) => median(costs.map((one) => one[name]));
  return { chars: of("chars"), readMs: of("readMs"), writeMs: of("writeMs") };
}

interface Asked {
  readonly url: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly form: string;
}

async function cost(asked: Asked): Promise<Cost> {
  const { chars, eachMs: readMs } = await timed(asked, "read");
  const { eachMs: writeMs } = await timed(asked, "write");
  return { chars, readMs, writeMs };
}

/** Returns the CPU time of one read or write, without the time of the request itself. */
async function timed({ url, body, form }: Asked, work: string) {
  const times = Math.min(timesMax, Math.ceil(bytesEachRound / body.byteLength));
  const run = async (runTimes: number) => {
    const query = new URLSearchParams({ work, form, times: String(runTimes) });
    const sinceMs = cpuMs();
    const response = await fetch(`${url}/?${query}`, { method: "POST", body });
    if (!response.ok) throw new Error(`The Worker's response has status ${response.status}.`);
    const { chars } = (await response.json()) as { chars: number };
    return { chars, tookMs: cpuMs() - sinceMs };
  };
  const idle = await run(0);
  const busy = await run(times);
  return { chars: busy.chars, eachMs: (busy.tookMs - idle.tookMs) / times };
}

function cpuMs(): number {
  const [pid] = runtimePids();
  if (pid === undefined)
    throw new Error("workerd's CPU time is unknown, because this system has no /proc.");
  return cpuUsOf(pid) / 1_000;
}
