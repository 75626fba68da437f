// The promise on the built Worker: within N of a purge's 200 no colo answers with the old page,
// whichever tier held it, also when the response was under way; and what a purge costs.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import {
  adminToken,
  sleep,
  startWorld,
  storesSettled,
  until,
  type World,
} from "../../testing/worker/world.ts";

const maxLagMs = 1_000;
let origin: ScriptedOrigin;
let world: World;
/** What the origin answers now, by path. */
const versions = new Map<string, number>();
const held: (() => void)[] = [];
let heldPath = "";

beforeAll(async () => {
  origin = await startScriptedOrigin((request, response) => {
    const path = request.url ?? "";
    const version = versions.get(path) ?? 1;
    const answer = () => {
      const tag = withBytes(path.split("/")[1] ?? "");
      response.writeHead(200, { "cache-control": "max-age=600", "cache-tag": tag });
      response.end(`version ${version}`);
    };
    if (path === heldPath) held.push(answer);
    else answer();
  });
  world = await startWorld({
    originUrl: origin.url,
    colos: 3,
    config: `{
      purge: { maxLagSeconds: ${maxLagMs / 1_000}, clockAllowanceSeconds: 0.2 },
      routes: [
        { name: "in-memory", match: "/memory/*", tiers: ["memory"] },
        { name: "at-the-edge", match: "/edge/*", tiers: ["edge"] },
        { name: "shared", match: "/shared/*", tiers: ["shared"] },
      ],
    }`,
  });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

/** As Node writes fields, in Latin-1: each escape is a byte. */
const withBytes = (text: string) =>
  text.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const read = async (colo: { url: string }, path: string) =>
  (await rawRequest(colo.url, path)).body.toString();

const purge = (colo: { url: string }, order: object) =>
  rawRequest(colo.url, "/_cache/purge", {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify(order),
  });

/** Fills every colo, then changes the page at the origin. */
async function filledThenChanged(path: string): Promise<void> {
  for (const colo of world.colos) {
    expect(await read(colo, path)).toBe("version 1");
    await storesSettled(colo);
  }
  versions.set(path, 2);
}

describe("a purge by tag", () => {
  it.each(["memory", "edge", "shared", "every"])(
    "is seen at once where it was accepted, and everywhere within N: held by %s",
    async (place) => {
      const path = `/${place}/page`;
      await filledThenChanged(path);
      const taker = world.colos[1]!;
      const accepted = await purge(taker, { tags: [place], reason: "a correction" });
      const acceptedAtMs = performance.now();
      expect(accepted.status).toBe(200);
      expect(JSON.parse(accepted.body.toString())).toMatchObject({
        targets: { tags: 1, prefixes: 0 },
        visibleWithinSeconds: maxLagMs / 1_000,
      });
      expect(await read(taker, path)).toBe("version 2");
      await sleep(maxLagMs - (performance.now() - acceptedAtMs));
      for (const colo of world.colos) expect(await read(colo, path)).toBe("version 2");
    },
  );

  it.each([
    { id: "utf-8", path: "/gr%C3%B6%C3%9Fe/page", tag: "größe" },
    { id: "latin-1", path: "/caf%E9/page", tag: "café" },
  ])("finds letters beyond ASCII, as the runtime reads them: $id", async ({ path, tag }) => {
    await filledThenChanged(path);
    expect((await purge(world.colos[0]!, { tags: [tag] })).status).toBe(200);
    expect(await read(world.colos[0]!, path)).toBe("version 2");
  });

  it("leaves pages without the tag", async () => {
    const [first] = world.colos;
    await read(first!, "/untouched/page");
    await storesSettled(first!);
    await purge(first!, { tags: ["something-else"] });
    await sleep(maxLagMs);
    const before = origin.count("/untouched/page");
    expect(cacheStatusOf(await rawRequest(first!.url, "/untouched/page"))).toMatch(/; hit/);
    expect(origin.count("/untouched/page")).toBe(before);
  });
});

describe("other targets", () => {
  const rows = [
    { id: "url", order: (path: string) => ({ urls: [`http://site.test${path}`] }) },
    { id: "prefix", order: (path: string) => ({ prefixes: [path.replace(/page$/, "")] }) },
    {
      id: "prefix-with-host",
      order: (path: string) => ({ prefixes: [`http://site.test${path.replace(/page$/, "")}`] }),
    },
    { id: "host", order: () => ({ hosts: ["site.test"] }) },
    { id: "everything", order: () => ({ everything: true }) },
  ];

  it.each(rows)("$id", async ({ id, order }) => {
    const path = `/by-${id}/page`;
    await filledThenChanged(path);
    expect((await purge(world.colos[0]!, order(path))).status).toBe(200);
    await sleep(maxLagMs);
    for (const colo of world.colos) expect(await read(colo, path)).toBe("version 2");
  });
});

describe("a response that was under way when its purge was accepted", () => {
  it("is served from store nowhere more than N afterwards", async () => {
    const path = "/under-way/page";
    const [first, second] = [world.colos[0]!, world.colos[1]!];
    heldPath = path;
    const early = read(first, path);
    await until(async () => held.length === 1, "the request to reach the origin");
    heldPath = "";
    versions.set(path, 2);
    expect((await purge(second, { tags: ["under-way"] })).status).toBe(200);
    const acceptedAtMs = performance.now();
    await sleep(maxLagMs / 2);
    for (const answer of held.splice(0)) answer();
    expect(await early).toBe("version 1");
    await storesSettled(first);
    await sleep(maxLagMs - (performance.now() - acceptedAtMs));
    for (const colo of world.colos) expect(await read(colo, path)).toBe("version 2");
  });
});

describe("what a purge costs", () => {
  it("is one command before its 200, also with 20,000 tagged responses in Redis", async () => {
    const { rest, colos } = world;
    const commandsOf = async () => {
      rest.resetCounts();
      expect((await purge(colos[0]!, { tags: ["costly"] })).status).toBe(200);
      const { XADD = 0 } = rest.counts().commandCountByName;
      const { DEL = 0, SCAN = 0, SMEMBERS = 0 } = rest.counts().commandCountByName;
      return { XADD, others: DEL + SCAN + SMEMBERS };
    };
    expect(await commandsOf()).toEqual({ XADD: 1, others: 0 });
    for (let batch = 0; batch < 20; batch += 1) {
      const commands = Array.from({ length: 1_000 }, (_, at) => [
        "SET",
        `tidemark:r:made-up-${batch}-${at}`,
        '{"tags":["costly"]}\n',
      ]);
      const headers = { authorization: `Bearer ${rest.token}` };
      const body = JSON.stringify(commands);
      await fetch(`${rest.url}/pipeline`, { method: "POST", headers, body });
    }
    expect(await commandsOf()).toEqual({ XADD: 1, others: 0 });
  });
});

describe("reading the journal", () => {
  const journalReads = () => {
    const counts = world.rest.counts().commandCountByName;
    return (counts["XRANGE"] ?? 0) + (counts["XREVRANGE"] ?? 0);
  };

  it("happens at most every half of N − A under load, and not without requests", async () => {
    const colo = world.colos[2]!;
    await read(colo, "/memory/load");
    // The purges of other tests are read back for some seconds.
    const isQuiet = async () => {
      world.rest.resetCounts();
      await sleep(2 * maxLagMs);
      return journalReads() === 0;
    };
    await vi.waitUntil(isQuiet, { timeout: 30_000, interval: 0 });
    await read(colo, "/memory/load");
    world.rest.resetCounts();
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < 2 * maxLagMs) await read(colo, "/memory/load");
    const halvesElapsed = (performance.now() - startedAtMs) / 400;
    expect(journalReads()).toBeGreaterThanOrEqual(2);
    expect(journalReads()).toBeLessThanOrEqual(Math.ceil(halvesElapsed) + 1);
  });
});
