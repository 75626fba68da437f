// Tests bodies that are too large for memory. They are streamed in constant memory, and a cut body
// is never stored.
import { afterAll, describe, expect, it } from "vitest";
import { startDemoOrigin } from "../../local/demo-origin/demo-origin.ts";
import { Running } from "../../local/running.ts";
import { workerdMebibytes } from "../../testing/worker/process-memory.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, startWorld, storesSettled } from "../../testing/worker/world.ts";

const mebibyte = 1_048_576;
const running = new Running();
afterAll(() => running.stop());
const origin = await running.add(startDemoOrigin({ queryMs: 0 }));
const world = await running.add(startWorld({ originUrl: origin.url }));
const colo = world.colos[0]!;
const { url } = colo;

const archive = (parameters: string) => `/download/archive.bin?${parameters}`;
const asked = () => origin.requests()["GET /download/archive.bin"] ?? 0;

/**
 * Reads and discards a body, and measures the runtime's memory during the read.
 *
 * @param pauseMs the pause after each 8 MiB
 */
async function drained(path: string, pauseMs = 0) {
  const response = await fetch(`${url}${path}`);
  let bytes = 0;
  let peakMebibytes = 0;
  let nextLookBytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes < nextLookBytes) continue;
    peakMebibytes = Math.max(peakMebibytes, workerdMebibytes());
    nextLookBytes = bytes + 8 * mebibyte;
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return { bytes, peakMebibytes, status: response.headers.get("cache-status") ?? "" };
}

/** `npm run test:large` uses the maximum size of the edge tier. Other runs use a smaller size. */
const largeMebibytes = Number(process.env["TIDEMARK_LARGE_MEBIBYTES"] ?? 160);

/** The growth includes used buffers, which the runtime collects at any time. */
const grownMebibytesMax = largeMebibytes > 256 ? 256 : 120;

describe(`a body of ${largeMebibytes} MiB`, () => {
  it.each([
    { id: "with a length", parameters: "", pauseMs: 0 },
    { id: "chunked", parameters: "&chunked=1", pauseMs: 0 },
    { id: "to a client that reads slowly", parameters: "&n=slow", pauseMs: 50 },
  ])(
    "is streamed in constant memory on a miss and on a hit in the edge tier: $id",
    async ({ parameters, pauseMs }) => {
      await drained(archive(`bytes=${32 * mebibyte}${parameters}`));
      await storesSettled(colo);
      const beforeMebibytes = workerdMebibytes();
      const path = archive(`bytes=${largeMebibytes * mebibyte}${parameters}`);
      const fill = await drained(path, pauseMs);
      await storesSettled(colo);
      const hit = await drained(path, pauseMs);
      expect([fill.bytes, hit.bytes]).toEqual([
        largeMebibytes * mebibyte,
        largeMebibytes * mebibyte,
      ]);
      expect(fill.status).toMatch(/stored$/);
      expect(hit.status).toMatch(/hit; ttl=\d+; detail=edge$/);
      for (const { peakMebibytes } of [fill, hit]) {
        expect(peakMebibytes - beforeMebibytes).toBeLessThan(grownMebibytesMax);
      }
    },
    180_000,
  );
});

describe("a body above limits.bufferBytes", () => {
  it("is then read from the edge tier, whole and in part", async () => {
    const path = archive(`bytes=${8 * mebibyte}&n=1`);
    const first = await rawRequest(url, path);
    expect(cacheStatusOf(first)).toMatch(/stored$/);
    await storesSettled(colo);
    const before = asked();
    const second = await rawRequest(url, path);
    expect(cacheStatusOf(second)).toMatch(/hit; ttl=\d+; detail=edge$/);
    expect(second.headers["content-length"]).toBe(String(8 * mebibyte));
    expect(second.body.equals(first.body)).toBe(true);
    const range = { headers: { range: "bytes=5000000-5000099" } };
    const part = await rawRequest(url, path, range);
    expect(part.status).toBe(206);
    expect(part.body.equals(first.body.subarray(5_000_000, 5_000_100))).toBe(true);
    expect(asked()).toBe(before);
  });
});

describe("a body above limits.bufferBytes that the origin cuts", () => {
  it.each([
    // The demo origin ignores the range with which Tidemark tries to continue.
    ["with a length", "", 2],
    ["chunked", "&chunked=1", 1],
  ])("is cut for the client and never stored: %s", async (_id, more, requests) => {
    const path = archive(`bytes=${16 * mebibyte}&cut=${8 * mebibyte}${more}`);
    for (let turn = 0; turn < 2; turn += 1) {
      const before = asked();
      const answer = await rawRequest(url, path);
      expect([answer.isCut, cacheStatusOf(answer)]).toEqual([
        true,
        expect.stringContaining("fwd=uri-miss"),
      ]);
      await storesSettled(colo);
      expect(asked()).toBe(before + requests);
    }
  });
});
