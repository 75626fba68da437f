// Real clients that request ranges: ffmpeg and Chromium with a video, and PMTiles' own client with an
// archive of map tiles. And a fast reader beside a slow one.
/// <reference lib="dom" />
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { PMTiles } from "pmtiles";
import { chromiumPath } from "../../testing/chromium.ts";
import { counted, mebibytes } from "../load/figures.ts";
import type { RangesOrigin } from "./origin.ts";
import { besideSlowReader } from "./slow-reader.ts";

type Player = (url: string, origin: RangesOrigin) => Promise<string>;

const said = (name: string, { requests, bytes, twice }: ReturnType<RangesOrigin["take"]>) =>
  `${name}: ${counted(requests)} origin requests, ${mebibytes(bytes)}, ${counted(twice)} fetched twice\n`;

const ffmpeg = (args: string[]) => promisify(execFile)("ffmpeg", args);

let video: Promise<Uint8Array> | undefined;

/** Returns a video of about 100 MB with an index at its end, as cameras write it. */
async function makeVideo(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "ranges-video-"));
  try {
    const file = join(folder, "video.mp4");
    const source = "testsrc=size=640x360:rate=25:duration=160,noise=alls=60:allf=t";
    const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"];
    const rate = ["-b:v", "5M", "-minrate", "5M", "-maxrate", "5M", "-bufsize", "5M"];
    const args = ["-v", "error", "-f", "lavfi", "-i", source, ...coded, ...rate, file];
    await ffmpeg(args);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function ffmpegSeeks(url: string, origin: RangesOrigin): Promise<string> {
  origin.add("/video.mp4", { bytes: await (video ??= makeVideo()), type: "video/mp4" });
  origin.take();
  const seek = (second: number) => {
    const args = ["-v", "error", "-ss", `${second}`, "-i", `${url}/video.mp4`];
    return ffmpeg([...args, "-frames:v", "1", "-f", "null", "-"]);
  };
  const seconds = [0, 150, 20, 75, 21, 140, 5];
  for (const second of seconds) await seek(second);
  const first = said("ffmpeg, 7 seeks, first viewer", origin.take());
  for (const second of seconds) await seek(second);
  return first + said("ffmpeg, 7 seeks, second viewer", origin.take());
}

async function chromiumSeeks(url: string, origin: RangesOrigin): Promise<string> {
  const page = new TextEncoder().encode(
    `<!doctype html><title>v</title><video muted src="/video-in-page.mp4"></video>`,
  );
  origin.add("/watch.html", { bytes: page, type: "text/html" });
  origin.add("/video-in-page.mp4", { bytes: await (video ??= makeVideo()), type: "video/mp4" });
  origin.take();
  const browser = await chromium.launch({
    executablePath: chromiumPath ?? "",
    args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
  });
  try {
    let text = "";
    for (const viewer of ["first", "second"]) {
      const context = await browser.newContext();
      const tab = await context.newPage();
      await tab.goto(`${url}/watch.html`);
      const frames = await tab.evaluate(
        async (seconds) => {
          const player = document.querySelector("video");
          if (player === null) return [];
          const shown: number[] = [];
          for (const second of seconds) {
            const seeked = new Promise((resolve, reject) => {
              player.addEventListener("seeked", resolve, { once: true });
              player.addEventListener("error", () => reject(new Error(player.error?.message)));
            });
            player.currentTime = second;
            await seeked;
            shown.push(player.currentTime);
          }
          return shown;
        },
        [1, 150, 20, 75, 21, 140, 5],
      );
      await context.close();
      if (frames.length !== 7) throw new Error(`Chromium showed ${frames.join()}.`);
      text += said(`Chromium, 7 seeks, ${viewer} viewer`, origin.take());
    }
    return text;
  } finally {
    await browser.close();
  }
}

/** Reads tiles of an archive of 20 MiB, in two sessions without a common cache. */
async function pmtilesReads(url: string, origin: RangesOrigin): Promise<string> {
  origin.add("/map.pmtiles", { bytes: archive(21_845), type: "application/octet-stream" });
  origin.take();
  let text = "";
  for (const viewer of ["first", "second"]) {
    const map = new PMTiles(`${url}/map.pmtiles`);
    for (let nth = 0; nth < 200; nth += 1) {
      const at = (nth * 97) % 4 ** 7;
      const [x, y] = [at % 128, Math.floor(at / 128)];
      const tile = await map.getZxy(7, x, y);
      if (tile?.data.byteLength !== 1_000) throw new Error(`There is no tile ${x}, ${y}.`);
    }
    text += said(`PMTiles, 200 tiles, ${viewer} viewer`, origin.take());
  }
  return text;
}

/** Returns a PMTiles archive, version 3, whose tiles of 1,000 bytes are in the order of their ids. */
function archive(tileCount: number): Uint8Array {
  const tileBytes = 1_000;
  const directory: number[] = [];
  const varint = (value: number) => {
    let left = value;
    while (left >= 128) {
      directory.push((left % 128) + 128);
      left = Math.floor(left / 128);
    }
    directory.push(left);
  };
  const each = (write: (nth: number) => void) => {
    for (let nth = 0; nth < tileCount; nth += 1) write(nth);
  };
  const leafStart = 0;
  varint(tileCount);
  each((nth) => varint(nth === 0 ? leafStart : 1));
  each(() => varint(1));
  each(() => varint(tileBytes));
  each((nth) => varint(nth === 0 ? 1 : 0));
  const entries = gzipSync(Uint8Array.from(directory));
  const metadata = gzipSync("{}");
  const header = Buffer.alloc(127);
  header.write("PMTiles", 0, "latin1");
  header.writeUInt8(3, 7);
  const tilesAt = 127 + entries.byteLength + metadata.byteLength;
  const places = [127, entries.byteLength, 127 + entries.byteLength, metadata.byteLength, 0, 0];
  for (const [nth, value] of [...places, tilesAt, tileCount * tileBytes].entries()) {
    header.writeBigUInt64LE(BigInt(value), 8 + 8 * nth);
  }
  for (const at of [72, 80, 88]) header.writeBigUInt64LE(BigInt(tileCount), at);
  // Clustered; directories in gzip, tiles without compression, of no known type; zoom levels 0 to 7.
  header.set([1, 2, 1, 0, 0, 7], 96);
  return Buffer.concat([header, entries, metadata, Buffer.alloc(tileCount * tileBytes, 7)]);
}

export const players: Readonly<Record<string, Player>> = {
  ffmpeg: ffmpegSeeks,
  chromium: chromiumSeeks,
  pmtiles: pmtilesReads,
  slow: besideSlowReader,
};
