// Tests crowds on large bodies under the heap of a Worker: one download, whatever the clients do, in
// little more memory than the window of the download.
import { pipeline, Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { archiveBlock, archiveBlockBytes } from "../../local/demo-origin/archive.ts";
import { namedLimits } from "../../testing/worker/platform-limits/limits.ts";
import { workerdMebibytes } from "../../testing/worker/process-memory.ts";
import { adminToken, storesSettled } from "../../testing/worker/world.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const mebibyte = 1_048_576;
/** The versions of the bodies of paths that a test has changed. */
const versions = new Map<string, number>();

/** Returns block `index` of a version. No two versions have equal blocks at one place. */
const blockOf = (index: number, version: number) => archiveBlock(index + version * 65_536);

const mebibytesOf = (path: string) => Number(path.split("/")[1]);

/** The paths whose origin pauses within the window, until the promise settles. */
const pauses = new Map<string, Promise<void>>();
const pauseAtByte = 2 * mebibyte;

async function* blocksOf(path: string, firstByte: number): AsyncGenerator<Uint8Array> {
  const version = versions.get(path) ?? 1;
  const bytes = mebibytesOf(path) * mebibyte;
  for (let at = firstByte; at < bytes;) {
    if (at === pauseAtByte) await pauses.get(path);
    const block = blockOf(Math.floor(at / archiveBlockBytes), version);
    const chunk = block.subarray(at % archiveBlockBytes);
    at += chunk.length;
    yield chunk;
  }
}

const world = await worldOfFile(
  ({ url: path = "", headers }, response) => {
    const version = versions.get(path) ?? 1;
    const bytes = mebibytesOf(path) * mebibyte;
    const tag = `"${version}"`;
    const isOther = (headers["if-range"] ?? tag) !== tag;
    const first = Number((!isOther && /^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1]) || 0);
    response.writeHead(first > 0 ? 206 : 200, {
      "cache-control": "max-age=600",
      "cache-tag": `of${path}`,
      etag: tag,
      "content-length": bytes - first,
      ...(first > 0 && { "content-range": `bytes ${first}-${bytes - 1}/${bytes}` }),
    });
    // A closed connection is no error of the origin.
    pipeline(Readable.from(blocksOf(path, first)), response, () => undefined);
  },
  // The database and all clients share this process, so its answers take long.
  { limits: namedLimits.heap },
);
const { url, origin, colo } = world;

const asked = (path: string) =>
  origin.seen.filter((one) => one.url === path).map(({ headers }) => headers.range ?? "whole");

/**
 * Returns the digest of a version. Pauses often, because the database runs in this process too, and the
 * Worker opens the breaker of a database that does not answer in time.
 */
async function digestOf(mebibytes: number, version: number): Promise<number> {
  let digest = 0;
  const count = (mebibytes * mebibyte) / archiveBlockBytes;
  for (let index = 0; index < count; index += 1) {
    digest = crc32(blockOf(index, version), digest);
    if (index % 64 === 0) await setImmediate();
  }
  return digest;
}

/** The largest resident memory of the runtime since `measured` began. */
let peakMebibytes = 0;
/** A look at all processes takes milliseconds, in which the database does not answer. */
const lookEveryMs = 100;
let lookAgainAtMs = 0;

interface Reading {
  readonly onBegun?: () => void;
  /** The client leaves once it has read something, and this has settled. */
  readonly leavesAfter?: Promise<void>;
}

/** Reads a body and measures the runtime meanwhile. */
async function get(path: string, { leavesAfter, onBegun }: Reading = {}) {
  const response = await fetch(url + path);
  let digest = 0;
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    digest = crc32(chunk, digest);
    if (bytes === 0) onBegun?.();
    bytes += chunk.length;
    if (leavesAfter !== undefined) {
      await leavesAfter;
      break;
    }
    if (performance.now() < lookAgainAtMs) continue;
    peakMebibytes = Math.max(peakMebibytes, workerdMebibytes());
    lookAgainAtMs = performance.now() + lookEveryMs;
  }
  return digest;
}

/** Returns the growth of the runtime's memory during the work. */
async function grownMebibytes(work: () => Promise<void>): Promise<number> {
  const before = workerdMebibytes();
  peakMebibytes = 0;
  await work();
  return peakMebibytes - before;
}

/** `npm run test:large` adds the largest body that the edge tier stores. */
const added = Number(process.env["TIDEMARK_LARGE_MEBIBYTES"] ?? 0);
const sizes = [5, 24, added].filter((mebibytes) => mebibytes > 0);

/** The growth includes used buffers, which the runtime collects at any time. */
const grownMebibytesMax = 128;

/** @param onAllBegun called when each of the clients has begun to read */
function crowd(path: string, onAllBegun?: () => void) {
  let waitingCount = 20;
  const onBegun = () => {
    waitingCount -= 1;
    if (waitingCount === 0) onAllBegun?.();
  };
  return Promise.all(Array.from({ length: 20 }, () => get(path, { onBegun })));
}

describe.each(sizes)("a new body of %i MiB", (mebibytes) => {
  let [first, second] = [0, 0];
  beforeAll(async () => {
    first = await digestOf(mebibytes, 1);
    second = await digestOf(mebibytes, 2);
  });

  it("is sent to one client in the memory of the window", async () => {
    await get("/8/warm");
    const path = `/${mebibytes}/one`;
    const grown = await grownMebibytes(async () => {
      expect(await get(path)).toBe(first);
    });
    expect(grown).toBeLessThan(grownMebibytesMax);
    await storesSettled(colo);
    const part = await fetch(url + path, { headers: { range: "bytes=4000000-4000099" } });
    const block = blockOf(Math.floor(4_000_000 / archiveBlockBytes), 1);
    const from = 4_000_000 % archiveBlockBytes;
    expect(Buffer.from(await part.arrayBuffer())).toEqual(
      Buffer.from(block.subarray(from, from + 100)),
    );
    expect([part.status, part.headers.get("cache-status")]).toEqual([
      206,
      expect.stringContaining("; hit"),
    ]);
    expect(asked(path)).toEqual(["whole"]);
  }, 120_000);

  it("is sent to a crowd of 20 by one download", async () => {
    const path = `/${mebibytes}/crowd`;
    const grown = await grownMebibytes(async () => {
      const begun = Promise.withResolvers<void>();
      pauses.set(path, begun.promise);
      const leaving = get(path, { leavesAfter: begun.promise });
      const all = crowd(path, begun.resolve);
      expect(await all).toEqual(Array(20).fill(first));
      await leaving;
    });
    expect(grown).toBeLessThan(grownMebibytesMax);
    expect(asked(path)).toEqual(["whole"]);
  }, 300_000);

  it("is downloaded once if the client leaves that came first", async () => {
    const path = `/${mebibytes}/leader`;
    const [begun, joined] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    pauses.set(path, joined.promise);
    const leader = get(path, { leavesAfter: joined.promise, onBegun: begun.resolve });
    await begun.promise;
    expect(await crowd(path, joined.resolve)).toEqual(Array(20).fill(first));
    await leader;
    expect(asked(path).filter((range) => range === "whole")).toHaveLength(1);
  }, 300_000);

  it("is whole for those who read it during a purge, and later requests get the new body", async () => {
    const path = `/${mebibytes}/purged`;
    const [begun, purged] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    pauses.set(path, purged.promise);
    const all = crowd(path, begun.resolve);
    await begun.promise;
    versions.set(path, 2);
    const purge = await fetch(`${url}/_cache/purge`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}` },
      body: JSON.stringify({ tags: [`of${path}`] }),
    });
    expect(purge.status).toBe(200);
    pauses.delete(path);
    const after = get(path);
    purged.resolve();
    expect(await after).toBe(second);
    expect(await all).toEqual(Array(20).fill(first));
    await storesSettled(colo);
    expect(await get(path)).toBe(second);
    expect(asked(path).filter((range) => range === "whole")).toHaveLength(2);
  }, 300_000);
});
