// Tests the tiers that answer for a page on workerd, and the Redis commands of each request.
import { describe, expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { storesSettled, tierCommands } from "../../testing/worker/world.ts";
import { beginJournal, worldOfFile } from "../../testing/worker/world-of-file.ts";

const world = await worldOfFile(
  (request, response) => {
    const vary = request.url?.startsWith("/varied") === true ? { vary: "accept-encoding" } : {};
    response.writeHead(200, { "cache-control": "max-age=600", ...vary });
    response.end(`page ${request.url}`);
  },
  {
    colos: 2,
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
