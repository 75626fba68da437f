// Tests bodies in slices on workerd: the requests of the origin, the bytes, and the memory.
import { afterAll, beforeEach, expect, it } from "vitest";
import { bundledText } from "../../../testing/bundled-text.ts";
import { Running } from "../../../local/running.ts";
import { startScriptedOrigin } from "../../../testing/fakes/scripted-origin.ts";
import { workerdMebibytes } from "../../../testing/worker/process-memory.ts";
import { startWorld, until } from "../../../testing/worker/world.ts";

const mebibyte = 1_048_576;
const filler = Buffer.alloc(256 * mebibyte);
for (let at = 0; at < filler.length; at += 8) filler.writeDoubleLE(at, at);

const running = new Running();
afterAll(() => running.stop());
const asked: string[] = [];
const lines: string[] = [];
const origin = await running.add(
  startScriptedOrigin(({ url = "", headers }, response) => {
    const body = filler.subarray(0, Number(url.split("=")[1]) * mebibyte);
    const [, first = "0", last = ""] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
    const to = Math.min(last === "" ? Infinity : Number(last), body.length - 1);
    asked.push(headers.range ?? "whole");
    if (url.startsWith("/cut") && first !== "0") {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(headers.range === undefined ? 200 : 206, {
      "cache-control": "max-age=600",
      "content-type": "video/mp4",
      etag: '"1"',
      "content-length": to + 1 - Number(first),
      ...(headers.range && { "content-range": `bytes ${first}-${to}/${body.length}` }),
    });
    response.end(body.subarray(Number(first), to + 1));
  }),
);
const contents = `
  import { defineConfig } from "./src/tidemark.ts";
  import { slices } from "./src/parts/slices/slices.ts";
  import { upstash } from "./src/upstash.ts";
  import { operate } from "./src/parts/operate/operate.ts";
  import { createWorker } from "./src/worker.ts";
  const routes = [{ name: "video", match: "/*", use: [slices({ fetchesMax: 1_000 })] }];
  const config = defineConfig({ parts: [operate()], routes });
  export default createWorker(config, { stores: upstash() });
`;
const worker = await bundledText(contents);
const world = await running.add(
  startWorld({ originUrl: origin.url, worker, onLine: (line) => void lines.push(line) }),
);
const { url } = world.colos[0]!;

beforeEach(() => void asked.splice(0));

async function get(path: string, range?: string) {
  const response = await fetch(`${url}${path}`, { headers: range === undefined ? {} : { range } });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

it("fetches each slice once, whoever asks, and answers from them", async () => {
  const path = "/a?mebibytes=5";
  const seen = await Promise.all(
    [0, 10, 1_500_000, 1_500_010, 2_000_000].map(async (from) => {
      const { status, body } = await get(path, `bytes=${from}-${from + 99}`);
      return [status, body.equals(filler.subarray(from, from + 100))];
    }),
  );
  expect(seen).toEqual(Array.from({ length: 5 }, () => [206, true]));
  await until(async () => asked.length === 2, "two requests");
  const whole = await get(path);
  expect([whole.status, whole.body.equals(filler.subarray(0, 5 * mebibyte))]).toEqual([200, true]);
  expect(asked).toHaveLength(5);
  const again = await get(path);
  expect(again.body.equals(filler.subarray(0, 5 * mebibyte))).toBe(true);
  expect(asked).toHaveLength(5);
});

it("sends a whole body of 256 MiB in constant memory, on a fill and from the Cache API", async () => {
  const path = "/b?mebibytes=256";
  await get("/warm?mebibytes=8");
  const beforeMebibytes = workerdMebibytes();
  for (const requests of [256, 0]) {
    asked.length = 0;
    const response = await fetch(`${url}${path}`);
    let [at, isSame, peakMebibytes] = [0, true, 0];
    for await (const chunk of response.body ?? []) {
      const bytes = chunk as Uint8Array;
      isSame &&= filler.subarray(at, at + bytes.length).equals(bytes);
      at += bytes.length;
      if (at % (8 * mebibyte) < bytes.length) {
        peakMebibytes = Math.max(peakMebibytes, workerdMebibytes());
      }
    }
    expect([at, isSame, asked.length]).toEqual([256 * mebibyte, true, requests]);
    // The growth includes used buffers, which the runtime collects at any time.
    expect(peakMebibytes - beforeMebibytes).toBeLessThan(128);
  }
}, 120_000);

it("continues a fetch whose client has left", async () => {
  const abort = new AbortController();
  const response = await fetch(`${url}/c?mebibytes=64`, { signal: abort.signal });
  await response.body?.getReader().read();
  abort.abort();
  await until(async () => asked.length > 0, "the fetch");
  const { body } = await get("/c?mebibytes=64", "bytes=0-9");
  expect(body.equals(filler.subarray(0, 10))).toBe(true);
  expect(asked.filter((range) => range.startsWith("bytes=0-"))).toHaveLength(1);
});

it("cuts the answer off if a slice is missing, which is no uncaught exception", async () => {
  for (const range of [undefined, "bytes=0-4000000"]) {
    await expect(get("/cut?mebibytes=5", range)).rejects.toThrow("terminated");
  }
  // The line would stand before that of the next request.
  await get("/after?mebibytes=1");
  expect(lines.filter((line) => /uncaught/i.test(line))).toEqual([]);
});
