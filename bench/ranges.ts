// Plays seeks in large files on Tidemark and on nginx with `slice`, and counts what reaches the
// origin.
//   npm run bench -- ranges [--seeks 2000] [--slice 1]
import { parseArgs } from "node:util";
import { together } from "../local/running.ts";
import { Draws } from "../testing/draws.ts";
import { cpuUsOf } from "./load/process-cpu.ts";
import { counted, machineSaid, markdownTable, mebibytes } from "./load/figures.ts";
import { zipfRanks } from "./load/zipf.ts";
import { type RangesOrigin, startRangesOrigin } from "./ranges/origin.ts";
import { type RangesSystem, startNginxSlices, startTidemarkSlices } from "./ranges/systems.ts";

const mebibyte = 1_048_576;
const fileBytes = 100 * mebibyte;

interface Seek {
  readonly path: string;
  readonly firstByte: number;
  readonly lastByte: number;
}

/** Returns ranges of 256 KiB: readers seek to a popular place, and read on for one to four ranges. */
function seeksOf(count: number): Seek[] {
  const draws = new Draws(69);
  const readBytes = 262_144;
  const placeOf = zipfRanks(fileBytes / readBytes, 0.9);
  const fileOf = zipfRanks(4, 0.9);
  const seeks: Seek[] = [];
  while (seeks.length < count) {
    const path = `/file-${fileOf(draws)}.bin`;
    // Popular places lie apart, and not at the borders of slices.
    const at = ((placeOf(draws) * 7_919) % (fileBytes / readBytes)) * readBytes + 1_000;
    const length = Math.ceil(draws.between(0, 4));
    for (let nth = 0; nth < length && seeks.length < count; nth += 1) {
      const firstByte = Math.min(at + nth * readBytes, fileBytes - readBytes);
      seeks.push({ path, firstByte, lastByte: firstByte + readBytes - 1 });
    }
  }
  return seeks;
}

/** Sends the seeks one after another, and checks each byte's place. */
async function play(seeks: readonly Seek[], system: RangesSystem, origin: RangesOrigin) {
  origin.take();
  const beforeUs = cpuUsOf(await system.pid());
  let askedBytes = 0;
  for (const { path, firstByte, lastByte } of seeks) {
    const response = await fetch(system.url + path, {
      headers: { range: `bytes=${firstByte}-${lastByte}` },
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 206 || !origin.isPart(path, firstByte, bytes)) {
      throw new Error(`${system.name} answered ${path} ${firstByte} with ${response.status}.`);
    }
    askedBytes += bytes.byteLength;
  }
  const cpuUs = (cpuUsOf(await system.pid()) - beforeUs) / seeks.length;
  return { cpuUs, askedBytes, ...origin.take() };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeks: { type: "string", default: "2000" },
      slice: { type: "string", default: "1" },
    },
  });
  const sliceMebibytes = Number(values.slice);
  await together(async (running) => {
    const origin = await running.add(startRangesOrigin(fileBytes));
    const systems = [
      await running.add(startNginxSlices(origin.url, sliceMebibytes)),
      await running.add(startTidemarkSlices(origin.url, sliceMebibytes)),
    ];
    const seeks = seeksOf(Number(values.seeks));
    process.stdout.write(
      `${machineSaid()}. ${seeks.length} ranges of 256 KiB, 4 files of ${mebibytes(fileBytes)}, slices of ${sliceMebibytes} MiB.\n\n`,
    );
    const rows: string[][] = [];
    for (const [nth, name] of ["cold", "warm"].entries()) {
      for (const system of nth === 0 ? systems : systems.toReversed()) {
        const row = await play(seeks, system, origin);
        const { requests, bytes, twice, askedBytes, cpuUs } = row;
        const sent = mebibytes(bytes);
        rows.push([
          system.name,
          name,
          mebibytes(askedBytes),
          counted(requests),
          sent,
          counted(twice),
          counted(cpuUs),
        ]);
      }
    }
    const head = [
      "system",
      "cache",
      "asked",
      "origin requests",
      "origin bytes",
      "fetched twice",
      "CPU µs a range",
    ];
    process.stdout.write(`${markdownTable(head, rows)}\n`);
  });
}

await main();
