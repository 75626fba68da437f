// Times the simulation of a generated log: 50,000 pages by Zipf's law in a day, with campaigns.
import { Readable } from "node:stream";
import { readLog } from "../../packages/cli/src/simulate/log-file.ts";
import { Simulation } from "../../packages/cli/src/simulate/simulation.ts";
import { defineConfig } from "../../src/config/config.ts";
import * as rules from "../../src/http-rules.ts";
import { Draws } from "../../testing/draws.ts";
import { zipfRanks } from "../load/zipf.ts";

const pageCount = 50_000;
const chunkLines = 5_000;

function* logOf(lineCount: number): Generator<Buffer> {
  const draws = new Draws(1);
  const ranks = zipfRanks(pageCount, 0.95);
  const beganAtMs = Date.UTC(2026, 10, 1);
  const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36";
  for (let from = 0; from < lineCount; from += chunkLines) {
    let text = "";
    for (let nth = from; nth < Math.min(lineCount, from + chunkLines); nth += 1) {
      const time = new Date(beganAtMs + (nth / lineCount) * 86_400_000).toISOString();
      const page = ranks(draws);
      const query = draws.isLucky(0.2) ? `?utm_source=s${Math.floor(draws.between(0, 8))}` : "";
      const client = `192.0.2.${Math.floor(draws.between(0, 255))}`;
      const stamp = `${time.slice(8, 10)}/Nov/2026:${time.slice(11, 19)} +0000`;
      text += `${client} - - [${stamp}] "GET /${page}${query} HTTP/1.1" 200 ${2_000 + page} "-" "${agent}"\n`;
    }
    yield Buffer.from(text);
  }
}

/** Returns a sentence with the time and the memory. */
export async function timed(lineCount: number): Promise<string> {
  const chunks = [...logOf(lineCount)];
  const simulation = await Simulation.open({
    rules,
    config: defineConfig({ routes: [{ name: "pages", match: "*", fresh: "1h" }] }),
    host: "www.example.com",
    coloCount: 3,
    isolateCount: 1,
    originMs: 100,
    freshSeconds: undefined,
  });
  const play = simulation.play.bind(simulation);
  const before = { cpu: process.cpuUsage(), atMs: performance.now() };
  const bytesBefore = process.memoryUsage().rss;
  await readLog(Readable.from(chunks), { name: "the log", format: undefined, play });
  const { user, system } = process.cpuUsage(before.cpu);
  const seconds = (performance.now() - before.atMs) / 1_000;
  const mebibytes = (process.memoryUsage().rss - bytesBefore) / 1_048_576;
  const hitRate = (100 * simulation.totals.all.hitRate).toFixed(1);
  return (
    `${lineCount} lines in ${seconds.toFixed(1)} s, with ${((user + system) / 1e6).toFixed(1)} s of CPU ` +
    `and ${mebibytes.toFixed(0)} MiB more memory; hit rate ${hitRate} %`
  );
}
