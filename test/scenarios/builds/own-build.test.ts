// Sites that know the build of the application in their process: two builds over one database and one colo.
import { describe, expect, it } from "vitest";
import { configOfBuild, defineConfig } from "../../../src/config/config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { releaseIdForm } from "../../../src/base/release-id.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import type { Site } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { pass, playTimers, withinSeconds } from "../../../testing/site/two-colos.ts";
import { found } from "../../parts/operate/health/health-world.ts";

playTimers();

const usual: ConfigInput = {
  routes: [{ name: "pages", match: "*" }],
};
const modified = "Thu, 01 Jan 1970 00:00:01 GMT";

/** Returns the application of a build. All builds give their pages the same validators. */
const application = (build: string) => (request: Request) => {
  const headers = {
    etag: '"same"',
    "last-modified": modified,
    "content-type": "text/html",
    "cache-control": "s-maxage=3600, stale-while-revalidate=3600, stale-if-error=3600",
    "cache-tag": "news",
  };
  return request.headers.get("if-none-match") === '"same"'
    ? new Response(null, { status: 304, headers })
    : new Response(`page of ${build}`, { headers });
};

/** Returns a function that starts a process of a build, over the same stores. */
function openBuilds(config = usual) {
  const clock = new FakeClock();
  const shared = { clock, upstash: new UnsteadyUpstash(clock), cache: new FakeCache(clock) };
  const start = (build: string, env = {}) =>
    openJournalled({ ...shared, config, env, build, origin: application(build) }).site;
  return { clock, start };
}

const seenAt = async (site: Site, path = "/p?q=1") => {
  const { text, cacheStatus } = await site.get(path);
  return `${text}: ${cacheStatus.includes("; hit") ? "hit" : "miss"}`;
};

describe("a stored page of another build", () => {
  it.each<{ key: string; config: ConfigInput }>([
    { key: "the URL", config: usual },
    { key: "the URL, without a route", config: {} },
    {
      key: "a field",
      config: { routes: [{ name: "pages", match: "*", key: { headers: ["x-country"] } }] },
    },
  ])("is no hit, and stays for its own build: with $key in the key", async ({ config }) => {
    const { start } = openBuilds(config);
    const [a, b] = [start("a"), start("b")];
    const seen = [];
    for (const site of [a, b, a, b]) seen.push(await seenAt(site));
    expect(seen).toEqual([
      "page of a: miss",
      "page of b: miss",
      "page of a: hit",
      "page of b: hit",
    ]);
    // Also for a new process, such as after a rollback.
    expect(await seenAt(start("a"))).toBe("page of a: hit");
  });

  it("is not confirmed to a client, neither by its ETag nor by its date", async () => {
    const { start } = openBuilds();
    const { fields } = await start("a").get("/p");
    const etag = fields.get("etag") ?? "";
    expect(etag).toBe('"same;release=a"');
    const site = start("b");
    for (const headers of [{ "if-none-match": etag }, { "if-modified-since": modified }]) {
      for (const nth of ["first", "second"]) {
        const { status, text } = await site.get("/p", { headers });
        expect({ nth, status, text }).toEqual({ nth, status: 200, text: "page of b" });
      }
    }
  });

  it("is not validated: a page of this build is, by the application's own ETag", async () => {
    const { clock, start } = openBuilds();
    const [a, b] = [start("a"), start("b")];
    await a.get("/p");
    clock.advance(8_000);
    await b.get("/p");
    expect(b.origin.last.fields.get("if-none-match")).toBeNull();
    expect((await a.get("/p")).cacheStatus).toContain("fwd=stale; fwd-status=304");
    expect(a.origin.last.fields.get("if-none-match")).toBe('"same"');
  });
});

it.each([
  { tags: ["news"] },
  { urls: ["https://www.example.com/p?q=1"] },
  { prefixes: ["/p"] },
  { routes: ["pages"] },
  { everything: true },
])("a purge at one build covers the pages of all: %j", async (order) => {
  const { clock, start } = openBuilds();
  const [a, b] = [start("a"), start("b")];
  for (const site of [a, b]) await site.get("/p?q=1");
  expect((await send(b, order)).status).toBe(200);
  await pass(clock, withinSeconds);
  for (const site of [a, b]) {
    expect((await site.get("/p?q=1")).cacheStatus).toContain("detail=purged");
  }
});

it("a release that is told ends no page of a build, and names none as left", async () => {
  const { clock, start } = openBuilds();
  const [a, b] = [start("a"), start("b")];
  for (const site of [a, b]) await site.get("/p");
  await send(b, { release: "b", mode: "soft" });
  await pass(clock, withinSeconds);
  expect([await seenAt(a, "/p"), await seenAt(b, "/p")]).toEqual([
    "page of a: hit",
    "page of b: hit",
  ]);
  expect((await a.get("/new")).cacheStatus).toContain("stored");
  // A soft purge lets it answer, like any page.
  await send(a, { tags: ["news"], mode: "soft" });
  expect(await seenAt(a, "/p")).toBe("page of a: hit");
  expect(await found(a, "left-release")).toBeUndefined();
});

it("the nearest key of an explanation is named without the build", async () => {
  const { start } = openBuilds();
  const site = start("a", { ADMIN_TOKEN: explainToken });
  await site.get("/p?q=1");
  const { look } = await explained(site, "/p?q=2");
  expect(look?.nearest?.url).toBe("https://www.example.com/p?q=1");
  expect(look?.nearest?.differences).toMatchObject([{ of: "query", sent: "?q=2" }]);
});

const withBuilds = (builds: "named" | "shared") =>
  ({ kind: "route", name: "one", traits: { builds }, contents: {} }) as const;

it.each<{ route: object; builds: object | undefined }>([
  { route: {}, builds: { id: "a" } },
  { route: { use: [withBuilds("named")] }, builds: {} },
  { route: { use: [withBuilds("shared")] }, builds: undefined },
  { route: { bypass: true }, builds: undefined },
  { route: { methods: ["POST"] }, builds: undefined },
])("a route has the builds $builds, if it has $route", ({ route, builds }) => {
  const config = defineConfig({ routes: [{ name: "one", match: "*", ...route }] });
  expect(configOfBuild(config, "a").routes.map((one) => one.builds)).toEqual([builds]);
});

it.each(["", "a b", "ä", "x".repeat(129)])("a build cannot be %j", (build) => {
  expect(() => configOfBuild(defineConfig({}), build)).toThrow(`which is not ${releaseIdForm}`);
});
