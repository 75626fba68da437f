// Tests the tiers that answer for a page on workerd, and the Redis commands of each request.
import { describe, expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { limitsOfRun } from "../../testing/worker/platform-limits/limited-colo.ts";
import { limitsOf } from "../../testing/worker/platform-limits/limits.ts";
import { adminToken, storesSettled, tierCommands } from "../../testing/worker/world.ts";
import { beginJournal, worldOfFile } from "../../testing/worker/world-of-file.ts";

/** 20 KB of tags. */
const tags = Array.from({ length: 2_000 }, (_, at) => `tag-${1_000 + at}`).join();

const textOf = (bytes: number) =>
  "The tide comes in, and it goes out. ".repeat(bytes).slice(0, bytes);

const world = await worldOfFile(
  ({ url = "" }, response) => {
    const vary = url.startsWith("/varied") ? { vary: "accept-encoding" } : {};
    const tagged = url.startsWith("/below/tags") ? { "cache-tag": tags, etag: '"a"' } : {};
    const [, bytes] = /^\/text-(\d+)$/.exec(url) ?? [];
    const text = bytes === undefined ? {} : { "content-type": "text/plain" };
    response.writeHead(200, { "cache-control": "max-age=600", ...text, ...vary, ...tagged });
    response.end(bytes === undefined ? `page ${url}` : textOf(Number(bytes)));
  },
  {
    colos: 2,
    limits: { ...limitsOf("fields"), ...limitsOfRun },
    config: `{ routes: [
      { name: "below", match: "/below/*", tiers: ["edge", "shared"] },
      { name: "alone", match: "/alone/*", tiers: ["memory"] },
    ] }`,
  },
);
await beginJournal(world);
const { origin, colo: first } = world;
const second = world.colos[1]!;

async function statusFrom(colo: { url: string }, path: string): Promise<string> {
  const answer = await rawRequest(colo.url, path);
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toBe(`page ${path}`);
  return cacheStatusOf(answer);
}

describe("a page that was requested before", () => {
  it("comes from memory, and from the shared tier in another colo", async () => {
    expect(await statusFrom(first, "/a")).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    expect(await statusFrom(first, "/a")).toMatch(/^tidemark; hit; ttl=\d+; detail=memory$/);
    await storesSettled(first);
    expect(await statusFrom(second, "/a")).toMatch(/^tidemark; hit; ttl=\d+; detail=shared$/);
    expect(await statusFrom(second, "/a")).toMatch(/^tidemark; hit; ttl=\d+; detail=memory$/);
    expect(origin.count("/a")).toBe(1);
  });

  // workerd's zlib needs more memory than the body for some of these lengths.
  it.each([2_048, 49_152, 65_536, 102_400, 200_000])(
    "comes from the shared tier with its %i compressed bytes",
    async (bytes) => {
      const path = `/text-${bytes}`;
      await rawRequest(first.url, path);
      await storesSettled(first);
      const answer = await rawRequest(second.url, path);
      expect(cacheStatusOf(answer)).toMatch(/; hit; ttl=\d+; detail=shared$/);
      expect(answer.body.toString()).toBe(textOf(bytes));
    },
  );

  it("comes from the edge tier if its route omits the memory tier", async () => {
    await statusFrom(first, "/below/a");
    await storesSettled(first);
    world.rest.resetCounts();
    expect(await statusFrom(first, "/below/a")).toMatch(/; hit; ttl=\d+; detail=edge$/);
    expect(tierCommands(world)).toEqual({});
    expect(await statusFrom(second, "/below/a")).toMatch(/; hit; ttl=\d+; detail=shared$/);
    expect(origin.count("/below/a")).toBe(1);
  });

  it("is fetched from the origin again in another colo if its route omits the shared tier", async () => {
    await statusFrom(first, "/alone/a");
    await storesSettled(first);
    expect(await statusFrom(second, "/alone/a")).toMatch(/fwd=uri-miss/);
    expect(origin.count("/alone/a")).toBe(2);
  });
});

describe("a request", () => {
  it.each([
    ["memory-hit", "/a", first, [first], {}],
    ["shared-hit", "/x", second, [first], { GETRANGE: 1 }],
    ["shared-vary", "/varied/x", second, [first], { GETRANGE: 2 }],
    ["miss", "/fresh/1", first, [], { GETRANGE: 1, SET: 1 }],
    ["miss-vary", "/varied/2", first, [], { GETRANGE: 1, SET: 2 }],
  ])("sends only the necessary Redis commands: %s", async (_id, path, colo, before, commands) => {
    for (const earlier of before) {
      await statusFrom(earlier, path);
      await storesSettled(earlier);
    }
    world.rest.resetCounts();
    await statusFrom(colo, path);
    await storesSettled(colo);
    expect(tierCommands(world)).toEqual(commands);
  });
});

it("a page comes from the edge tier with 20 KB of tags, also after a soft purge", async () => {
  await statusFrom(first, "/below/tags");
  await storesSettled(first);
  expect(await statusFrom(first, "/below/tags")).toMatch(/; hit; ttl=\d+; detail=edge$/);
  const authorization = `Bearer ${adminToken}`;
  const purge = JSON.stringify({ tags: ["tag-2999"], mode: "soft" });
  const sent = { method: "POST", headers: { authorization }, body: purge };
  expect((await rawRequest(first.url, "/_cache/purge", sent)).status).toBe(200);
  expect(await statusFrom(first, "/below/tags")).toMatch(/fwd=stale; fwd-status=200/);
  await storesSettled(first);
  expect(await statusFrom(first, "/below/tags")).toMatch(/; hit; ttl=\d+; detail=edge$/);
});
