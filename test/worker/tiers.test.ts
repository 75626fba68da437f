// One page through the tiers: from the origin, from memory, from the edge, from another colo.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, storesSettled, tierCommands, type World } from "../../testing/worker/world.ts";

let origin: ScriptedOrigin;
let world: World;

beforeAll(async () => {
  origin = await startScriptedOrigin((request, response) => {
    const vary = request.url?.startsWith("/varied") === true ? { vary: "accept-encoding" } : {};
    response.writeHead(200, { "cache-control": "max-age=600", ...vary });
    response.end(`page ${request.url}`);
  });
  world = await startWorld({
    originUrl: origin.url,
    colos: 2,
    config: `{ routes: [
      { name: "below", match: "/below/*", tiers: ["edge", "shared"] },
      { name: "shared", match: "/shared/*", tiers: ["shared"] },
      { name: "alone", match: "/alone/*", tiers: ["memory"] },
    ] }`,
  });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

const first = () => world.colos[0]!;
const second = () => world.colos[1]!;

async function statusFrom(colo: { url: string }, path: string): Promise<string> {
  const answer = await rawRequest(colo.url, path);
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toBe(`page ${path}`);
  return cacheStatusOf(answer);
}

describe("a page that was asked for before", () => {
  it("comes from memory, and from the shared tier in another colo", async () => {
    expect(await statusFrom(first(), "/a")).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    expect(await statusFrom(first(), "/a")).toMatch(/^tidemark; hit; ttl=\d+; detail=memory$/);
    await storesSettled(first());
    expect(await statusFrom(second(), "/a")).toMatch(/^tidemark; hit; ttl=\d+; detail=shared$/);
    expect(await statusFrom(second(), "/a")).toMatch(/^tidemark; hit; ttl=\d+; detail=memory$/);
    expect(origin.count("/a")).toBe(1);
  });

  it("comes from the edge where the route leaves memory out", async () => {
    await statusFrom(first(), "/below/a");
    await storesSettled(first());
    expect(await statusFrom(first(), "/below/a")).toMatch(/; hit; ttl=\d+; detail=edge$/);
    expect(await statusFrom(second(), "/below/a")).toMatch(/; hit; ttl=\d+; detail=shared$/);
    expect(origin.count("/below/a")).toBe(1);
  });

  it("backfills the edge from the shared tier", async () => {
    await statusFrom(first(), "/below/b");
    await storesSettled(first());
    await statusFrom(second(), "/below/b");
    world.rest.resetCounts();
    const after = await rawRequest(second().url, "/below/b");
    expect(cacheStatusOf(after)).toMatch(/detail=(?:edge|shared)$/);
    expect(origin.count("/below/b")).toBe(1);
  });

  it("is asked for again in another colo where the shared tier is left out", async () => {
    await statusFrom(first(), "/alone/a");
    await storesSettled(first());
    expect(await statusFrom(second(), "/alone/a")).toMatch(/fwd=uri-miss/);
    expect(origin.count("/alone/a")).toBe(2);
  });
});

describe("Redis commands", () => {
  const rows = [
    { id: "memory-hit", path: "/a", colo: first, before: [first], commands: {} },
    {
      id: "shared-hit",
      path: "/shared/x",
      colo: second,
      before: [first],
      commands: { GETRANGE: 1 },
    },
    {
      id: "shared-vary",
      path: "/varied/x",
      colo: second,
      before: [first],
      commands: { GETRANGE: 2 },
    },
    {
      id: "miss",
      path: "/fresh/1",
      colo: first,
      before: [],
      commands: { GETRANGE: 1, SET: 1 },
    },
    {
      id: "miss-vary",
      path: "/varied/2",
      colo: first,
      before: [],
      commands: { GETRANGE: 1, SET: 2 },
    },
  ];

  it.each(rows)("$id: $commands", async ({ path, colo, before, commands }) => {
    for (const earlier of before) {
      await statusFrom(earlier(), path);
      await storesSettled(earlier());
    }
    world.rest.resetCounts();
    await statusFrom(colo(), path);
    await storesSettled(colo());
    expect(tierCommands(world)).toEqual(commands);
  });

  it("edge-hit: 0", async () => {
    await statusFrom(first(), "/below/edge");
    await storesSettled(first());
    world.rest.resetCounts();
    expect(await statusFrom(first(), "/below/edge")).toMatch(/detail=edge$/);
    expect(tierCommands(world)).toEqual({});
  });

  it("a miss waits for at most two round trips: a marker and the variant it names", async () => {
    await statusFrom(first(), "/varied/3");
    await storesSettled(first());
    world.rest.resetCounts();
    const waited = await rawRequest(second().url, "/varied/3", {
      headers: { "accept-encoding": "br" },
    });
    expect(cacheStatusOf(waited)).toMatch(/fwd=vary-miss/);
    await storesSettled(second());
    expect(tierCommands(world)["GETRANGE"]).toBe(2);
  });
});
