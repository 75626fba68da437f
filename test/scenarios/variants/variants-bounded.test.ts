// Tests the maximum number of stored variants of a page, because clients can invent values of the
// selecting field.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { closedGate, cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openColos, openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";

const as = (agent: string) => ({ headers: { "user-agent": agent } });
const vary = { vary: "User-Agent" };
const origin = (request: Request, nth: number) =>
  page(`${request.headers.get("user-agent")} ${nth}`, cc("max-age=60", vary));

const withRoomFor = (variants: number, options: SiteOptions = {}): SiteOptions => {
  const clock = new FakeClock();
  return {
    clock,
    upstash: new FakeUpstash(clock),
    origin,
    config: { limits: { variants } },
    env: { ADMIN_TOKEN: "admin-of-this-site" },
    ...options,
  };
};

async function statsOf(site: Site) {
  const { text } = await site.get("/_cache/stats", {
    headers: { authorization: "Bearer admin-of-this-site" },
  });
  return JSON.parse(text) as {
    memory: { records: number };
    routes: Record<string, { refusedToStore: Record<string, number> }>;
  };
}

const recordsAtEdge = ({ cache }: Site): number =>
  cache.addresses.filter((address) => address.includes("/stored/")).length;

async function isHit(site: Site, path: string, agent: string): Promise<boolean> {
  return (await site.get(path, as(agent))).cacheStatus.includes("; hit");
}

it("only the first 100 of 300 variants are stored", async () => {
  const options = withRoomFor(100);
  const { upstash } = options;
  const site = openSite({ ...options, config: {} });
  const told = new Set<string>();
  for (let at = 0; at < 300; at += 1) {
    const { cacheStatus, text } = await site.get("/a", as(`agent ${at}`));
    expect(text).toBe(`agent ${at} ${at + 1}`);
    if (at >= 100) told.add(cacheStatus);
  }
  expect([...told]).toEqual([
    'tidemark; fwd=vary-miss; fwd-status=200; detail="too-many-variants: user-agent"',
  ]);
  const { memory, routes } = await statsOf(site);
  // The counts include the marker. Redis lacks the variants that wait for their second ask.
  expect([memory.records, recordsAtEdge(site), upstash?.keys.length]).toEqual([101, 101, 3]);
  expect(routes[""]?.refusedToStore).toEqual({ "too-many-variants": 200 });
  for (let at = 0; at < 100; at += 1) expect(await isHit(site, "/a", `agent ${at}`)).toBe(true);
  expect(upstash?.keys.length).toBe(101);
}, 60_000);

it("a variant above the limit causes one lookup in Redis and no write", async () => {
  const options = withRoomFor(1);
  const site = openSite(options);
  await site.get("/a", as("first"));
  const before = options.upstash?.commands.length;
  await site.get("/a", as("second"));
  expect(options.upstash?.commands.slice(before)).toEqual(["GETRANGE"]);
});

it("concurrent requests do not store more variants than the limit", async () => {
  const gate = closedGate();
  const options = withRoomFor(3);
  const site = openSite({
    ...options,
    origin: async (request, nth) => {
      await gate.opened;
      return origin(request, nth);
    },
  });
  const asked = Array.from({ length: 20 }, (_, at) => site.get("/a", as(`agent ${at}`)));
  gate.open();
  await Promise.all(asked);
  await site.settle();
  const { memory, routes } = await statsOf(site);
  expect([memory.records, options.upstash?.keys.length]).toEqual([4, 4]);
  expect(routes[""]?.refusedToStore).toEqual({ "too-many-variants": 17 });
});

describe("a page with the maximum number of variants", () => {
  it("stores a listed variant again", async () => {
    const site = openSite({
      ...withRoomFor(1),
      config: {
        limits: { variants: 1 },
        routes: [{ name: "all", match: "*", honourRequestDirectives: true }],
      },
    });
    await site.get("/a", as("one"));
    const reload = { headers: { "user-agent": "one", "cache-control": "no-cache" } };
    expect((await site.get("/a", reload)).cacheStatus).toContain("fwd-status=200; stored");
    expect((await site.get("/a", as("one"))).text).toBe("one 2");
  });

  it("stores a freshened variant", async () => {
    const site = openSite(
      withRoomFor(1, {
        origin: ({ headers }) =>
          headers.has("if-none-match")
            ? unchanged({ etag: '"1"' })
            : page("page", cc("max-age=60", { ...vary, etag: '"1"' })),
      }),
    );
    await site.get("/a", as("one"));
    site.clock.advance(61);
    expect((await site.get("/a", as("one"))).cacheStatus).toContain("fwd-status=304; stored");
    expect(await isHit(site, "/a", "one")).toBe(true);
  });

  it("does not limit the variants of another page", async () => {
    const site = openSite(withRoomFor(1));
    await site.get("/a", as("one"));
    await site.get("/b", as("two"));
    expect(await isHit(site, "/b", "two")).toBe(true);
  });

  it("stores a response that does not vary", async () => {
    const site = openSite(withRoomFor(1));
    await site.get("/a", as("one"));
    site.origin.script = () => page("for all", cc("max-age=60"));
    await site.get("/a", as("two"));
    expect((await site.get("/a", as("three"))).text).toBe("for all");
  });
});

describe("a page that may have one variant", () => {
  it("stores another variant after the first has expired", async () => {
    const site = openSite(withRoomFor(1));
    await site.get("/a", as("one"));
    site.clock.advance(59.9);
    await site.get("/a", as("two"));
    site.clock.advance(0.1);
    await site.get("/a", as("two"));
    expect(await isHit(site, "/a", "two")).toBe(true);
  });

  it("stores another variant after an unsafe request (RFC 9111 §4.4)", async () => {
    const site = openSite(withRoomFor(1));
    await site.get("/a", as("one"));
    site.clock.advance(1);
    await site.get("/a", { method: "POST", ...as("one") });
    site.clock.advance(1);
    await site.get("/a", as("two"));
    expect([await isHit(site, "/a", "two"), await isHit(site, "/a", "one")]).toEqual([true, false]);
  });
});

it("the limit counts variants together that differ in their Vary", async () => {
  const site = openSite({
    ...withRoomFor(2),
    origin: ({ headers }, nth) =>
      page(
        `page ${nth}`,
        cc("max-age=60", { vary: headers.has("origin") ? "user-agent, origin" : "user-agent" }),
      ),
  });
  for (let at = 0; at < 6; at += 1) {
    const origins = at % 2 === 0 ? {} : { origin: "https://a.example" };
    await site.get("/a", { headers: { "user-agent": `agent ${at}`, ...origins } });
  }
  expect((await statsOf(site)).memory.records).toBe(3);
});

it("a new isolate in another colo applies the limit to the marker from Redis", async () => {
  const options = withRoomFor(2);
  const [near, far] = openColos(2, options) as [Site, Site];
  await near.get("/a", as("one"));
  await near.get("/a", as("two"));
  expect((await far.get("/a", as("three"))).cacheStatus).toContain(
    'detail="too-many-variants: user-agent"',
  );
  expect((await far.get("/a", as("two"))).cacheStatus).toContain("detail=shared");
  expect(options.upstash?.keys.length).toBe(3);
});

it("isolates of one colo apply the limit together, despite earlier marker reads", async () => {
  const options = withRoomFor(10);
  const isolates = openColos(3, options);
  const [first] = isolates as [Site];
  // Each isolate reads the marker while the marker lists one variant.
  await first.get("/a", as("one"));
  for (const site of isolates) {
    Object.assign(site, { cache: first.cache });
    await site.get("/a", as("one"));
  }
  for (let at = 0; at < 60; at += 1) await isolates[at % 3]?.get("/a", as(`agent ${at}`));
  // The count includes the marker.
  expect(recordsAtEdge(first)).toBe(11);
});

it("a marker is kept as long as the variants that it lists", async () => {
  const day = 86_400;
  const site = openSite({
    ...withRoomFor(1),
    origin: () => page("page", cc(`max-age=${3 * day}`, vary)),
  });
  await site.get("/a", as("one"));
  site.clock.advance(2 * day);
  expect(await isHit(site, "/a", "one")).toBe(true);
  expect((await site.get("/a", as("two"))).cacheStatus).toContain(
    'detail="too-many-variants: user-agent"',
  );
});
