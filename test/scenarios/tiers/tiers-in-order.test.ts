// Tests which tier answers, which upper tiers get a copy, and which tiers a route excludes.
import { describe, expect, it, vi } from "vitest";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { idle, openSite, read, type Seen } from "../../../testing/site/harness.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import type { TierName } from "../../../src/config/config.ts";

/** Fields of a page that is not compressed in Redis. */
const largeFields = cc("max-age=60", { etag: '"1"', "content-type": "image/webp" });
const notModified = () => unchanged(cc("max-age=60", { etag: '"1"' }));

function openTiers(given: { tiers?: TierName[]; fields?: Record<string, string> } = {}) {
  const { tiers = ["memory", "edge", "shared"], fields = cc("max-age=60") } = given;
  return openPair({
    config: { routes: [{ name: "all", match: "*", tiers }] },
    origin: (_, nth) => page(`page ${nth}`, fields),
  });
}

describe("the lookup of a response", () => {
  it.each<[near: TierName, far: TierName, again: TierName, tiers: TierName[]]>([
    ["memory", "shared", "memory", ["memory", "edge", "shared"]],
    ["edge", "shared", "edge", ["edge", "shared"]],
    ["memory", "shared", "memory", ["memory", "shared"]],
    ["shared", "shared", "shared", ["shared"]],
  ])("finds a response in %s, and in another colo first in %s, then in %s: %j", async (...row) => {
    const tiers = row.pop() as TierName[];
    const { near, far } = openTiers({ tiers });
    await near.get("/a");
    const seen = [await near.get("/a"), await far.get("/a"), await far.get("/a")];
    const details = seen.map(({ cacheStatus }) => cacheStatus.replace(/^.*detail=/, ""));
    expect(details).toEqual(row);
    expect(near.origin.count).toBe(1);
  });

  it.each([
    { id: "only-memory", tiers: ["memory"] },
    { id: "no-shared", tiers: ["memory", "edge"] },
  ] as const)("finds no response of another colo without Redis: $id", async ({ tiers }) => {
    const { near, far, upstash } = openTiers({ tiers: [...tiers] });
    await near.get("/a");
    expect((await far.get("/a")).text).toBe("page 2");
    expect([upstash.commands, far.cache.puts > 0]).toEqual([[], tiers.length > 1]);
  });

  it("finds no response on a route without tiers", async () => {
    const { near } = openTiers({ tiers: [] });
    await near.get("/a");
    expect((await near.get("/a")).text).toBe("page 2");
  });

  it("adds the time in each tier to the age", async () => {
    const { near, far } = openTiers();
    await near.get("/a");
    near.clock.advance(20);
    await far.get("/a");
    near.clock.advance(20);
    expect((await far.get("/a")).fields.get("age")).toBe("40");
    near.clock.advance(20);
    expect((await far.get("/a")).text).toBe("page 2");
  });

  it.each([
    { id: "kept-for-validation", more: { etag: '"1"' } },
    { id: "removed", more: {} },
  ])("prefers a younger response in a lower tier to a stale response: $id", async ({ more }) => {
    const { near, far } = openTiers({ fields: cc("max-age=60", more) });
    await near.get("/a");
    await far.get("/a");
    near.clock.advance(61);
    await near.get("/a");
    const seen = await far.get("/a");
    expect(seen.text).toBe("page 2");
    expect(seen.cacheStatus).toBe("tidemark; hit; ttl=60; detail=shared");
  });
});

it("an answer is completely sent before the edge tier stores the response", async () => {
  const sending = Promise.withResolvers<void>();
  const site = openSite({ origin: () => page("a", cc("max-age=60")), turn: () => sending.promise });
  await (await site.ask("/a")).text();
  await idle();
  expect(site.cache.puts).toBe(0);
  expect((await site.ask("/a")).headers.get("cache-status")).toContain("detail=memory");
  sending.resolve();
  await site.settle();
  expect(site.cache.puts).toBe(1);
});

describe("the Redis commands of requests", () => {
  it.each([
    ["GET", ["GETRANGE", "SET"]],
    ["POST", ["DEL"]],
  ])("without a stored response, for %s, are %j", async (method, commands) => {
    const { near, upstash } = openTiers();
    await near.get("/a", { method });
    expect(upstash.commands).toEqual(commands);
  });

  it("are none for a hit in this colo, and one for a hit from another colo", async () => {
    const { near, far, upstash } = openTiers();
    for (const site of [near, near, far]) await site.get("/a");
    expect(upstash.commands).toEqual(["GETRANGE", "SET", "GETRANGE"]);
  });

  const asked = ["GETRANGE", "SETRANGE", "PEXPIRE"];
  const again = () => page("x".repeat(200_000), largeFields);
  it.each<{ id: string; tiers: TierName[]; origin: () => Response; commands: string[] }>([
    { id: "304", tiers: ["shared"], origin: notModified, commands: ["GETRANGE", ...asked] },
    {
      id: "304-with-a-copy-in-memory",
      tiers: ["memory", "shared"],
      origin: notModified,
      commands: asked,
    },
    {
      id: "200-with-the-same-body",
      tiers: ["shared"],
      origin: again,
      commands: ["GETRANGE", ...asked],
    },
    {
      id: "200-with-a-copy-in-the-edge-tier",
      tiers: ["edge", "shared"],
      origin: again,
      commands: asked,
    },
  ])("do not write an unchanged large body again: $id", async (row) => {
    const { near, far, upstash } = openTiers({ tiers: row.tiers, fields: largeFields });
    near.origin.script = again;
    await near.get("/a");
    near.clock.advance(61);
    near.origin.script = row.origin;
    upstash.commands.length = 0;
    await near.get("/a");
    // If the copy in an upper tier is stale, the shared tier may have a younger response.
    const looks = row.tiers.length > 1 ? ["GETRANGE"] : [];
    expect(upstash.written).toEqual(["whole", "metadata"]);
    expect(upstash.commands).toEqual([...looks, ...row.commands]);
    expect((await far.get("/a")).text).toBe("x".repeat(200_000));
  });

  it.each([
    { id: "304", origin: notModified },
    {
      id: "200-with-the-same-body",
      origin: () => page("page 1", cc("max-age=60", { etag: '"1"' })),
    },
  ])("write an unchanged small body again with one command: $id", async ({ origin }) => {
    const { near, far, upstash } = openTiers({ fields: cc("max-age=60", { etag: '"1"' }) });
    await near.get("/a");
    near.clock.advance(61);
    near.origin.script = origin;
    upstash.commands.length = 0;
    await near.get("/a");
    expect(upstash.commands).toEqual(["GETRANGE", "SET"]);
    expect((await far.get("/a")).text).toBe("page 1");
  });

  it("write a changed large body without a read of the old body", async () => {
    const { near, upstash } = openTiers({ fields: largeFields });
    near.origin.script = (_, nth) =>
      page(String(nth).repeat(200_000), { ...largeFields, etag: `"${nth}"` });
    await near.get("/a");
    near.clock.advance(61);
    upstash.commands.length = 0;
    await near.get("/a");
    expect(upstash.commands).toEqual(["GETRANGE", "SET"]);
  });

  it("do not read the body for a client with the current ETag", async () => {
    const { near, far, upstash } = openTiers({ fields: cc("max-age=60", { etag: '"1"' }) });
    await near.get("/a");
    const seen = await far.get("/a", { headers: { "if-none-match": '"1"' } });
    expect([seen.status, near.origin.count]).toEqual([304, 1]);
    expect(upstash.commands.filter((name) => name === "GETRANGE")).toHaveLength(2);
  });
});

describe("an answer while a tier fails", () => {
  it.each(["down", "refuses"] as const)("is unaffected if Redis fails: %s", async (mode) => {
    const { near, far, upstash } = openTiers();
    upstash.mode = mode;
    expect((await near.get("/a")).text).toBe("page 1");
    expect((await near.get("/a")).cacheStatus).toContain("hit");
    expect((await far.get("/a")).text).toBe("page 2");
    expect(
      near.log.filter((line) => !/^(?:Shared tier|Purge journal|Purges are refused): /.test(line)),
    ).toEqual([]);
  });
});

it("the edge tier and Redis get a lifetime of at most a year", async () => {
  const yearSeconds = 365 * 86_400;
  const { near, upstash } = openTiers({ fields: { expires: "Fri, 31 Dec 9999 23:59:59 GMT" } });
  const answer = vi.spyOn(upstash, "answer");
  await near.get("/a");
  expect(near.cache.text).toContain(`max-age=${yearSeconds}`);
  const sets = answer.mock.calls
    .map(([, body]) => body as unknown[])
    .filter(([name]) => name === "SET");
  expect(sets.map((command) => command.slice(-2))).toEqual([["PX", yearSeconds * 1_000]]);
});

describe("a lookup in a Redis that has answered at once, and then not at all", () => {
  playTimers();

  it("delays a page by 150 ms", async () => {
    const { near: site, clock, upstash } = openTiers();
    // Only the fake timers may end a call.
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(new AbortController().signal);
    for (let nth = 0; nth < 40; nth += 1) await site.get(`/before/${nth}`);
    upstash.answer = () => new Promise(() => undefined);
    const asking = site.ask("/a").then(read);
    let seen: Seen | undefined;
    void asking.then((one) => (seen = one));
    await pass(clock, 0.1);
    expect(seen).toBeUndefined();
    await pass(clock, 0.1);
    expect(seen?.text).toBe("page 41");
    vi.restoreAllMocks();
  });
});
