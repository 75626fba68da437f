// The operator's routes: there with ADMIN_TOKEN and its bearer, otherwise nothing, and nothing
// below `/_cache/` ever reaches the origin.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { openSite } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";

const env = { ADMIN_TOKEN: "admin-token-of-site", COLO: "HAM" };
const bearing = (authorization: string) => ({ headers: { authorization } });

describe("GET /_cache/stats", () => {
  it.each([
    { id: "right", authorization: "Bearer admin-token-of-site", status: 200 },
    { id: "scheme-in-any-case", authorization: "bearer  admin-token-of-site ", status: 200 },
    { id: "wrong", authorization: "Bearer admin-token-of-sitf", status: 401 },
    { id: "prefix", authorization: "Bearer admin-token-of-s", status: 401 },
    { id: "longer", authorization: "Bearer admin-token-of-site2", status: 401 },
    { id: "empty", authorization: "Bearer ", status: 401 },
    { id: "two", authorization: "Bearer admin-token-of-site x", status: 401 },
    { id: "other-scheme", authorization: "Basic admin-token-of-site", status: 401 },
    { id: "no-scheme", authorization: "admin-token-of-site", status: 401 },
  ])("with a bearer: $id (RFC 6750 §2.1)", async ({ authorization, status }) => {
    const site = openSite({ env });
    expect((await site.get("/_cache/stats", bearing(authorization))).status).toBe(status);
  });

  it.each([
    { id: "none", more: {}, why: "The request has no Authorization field." },
    {
      id: "wrong",
      more: bearing("Bearer admin-token-of-sitf"),
      why: "The Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer token.",
    },
  ])("without the right one is refused, and says what would be right: $id", async (row) => {
    const seen = await openSite({ env }).get("/_cache/stats", row.more);
    const hint = expect.stringContaining('Send "Authorization: Bearer <ADMIN_TOKEN>"') as string;
    expect(JSON.parse(seen.text)).toMatchObject({ error: { why: row.why, hint } });
    expect([seen.status, seen.fields.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(seen.fields.get("cache-control")).toBe("no-store");
    expect(seen.text).not.toContain("admin-token-of-site");
  });

  it.each([
    { id: "none", more: {} },
    { id: "bearer", more: bearing("Bearer admin-token-of-site") },
    { id: "empty-bearer", more: bearing("Bearer ") },
  ])("is not there without ADMIN_TOKEN: $id", async ({ more }) => {
    const site = openSite();
    expect([(await site.get("/_cache/stats", more)).status, site.origin.count]).toEqual([404, 0]);
  });

  it("is not there with an empty ADMIN_TOKEN", async () => {
    const site = openSite({ env: { ADMIN_TOKEN: "" } });
    expect((await site.get("/_cache/stats", bearing("Bearer "))).status).toBe(404);
  });

  it("names the version of package.json, and so does package-lock.json", async () => {
    const { text } = await openSite({ env }).get(
      "/_cache/stats",
      bearing("Bearer admin-token-of-site"),
    );
    const { version } = JSON.parse(text) as { version: string };
    const versionIn = (path: string) =>
      (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
    expect(["package.json", "package-lock.json"].map(versionIn)).toEqual([version, version]);
  });

  it("tells what this isolate has done", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const site = openSite({
      clock,
      upstash,
      env,
      config: { routes: [{ name: "articles", match: "/articles/*" }] },
      origin: (request) =>
        request.url.includes("own") ? page("own", cc("private")) : page("page", cc("max-age=60")),
    });
    await site.get("/articles/a");
    await site.get("/articles/a");
    await site.get("/articles/own");
    await site.get("/elsewhere", { method: "POST" });
    const { fields, text } = await site.get("/_cache/stats", bearing("Bearer admin-token-of-site"));
    expect(fields.get("cache-control")).toBe("no-store");
    expect(JSON.parse(text)).toMatchObject({
      colo: "HAM",
      originRequests: 3,
      routes: {
        articles: {
          requests: 3,
          outcomes: { stored: 1, hit: 1, forwarded: 1 },
          refusedToStore: { private: 1 },
        },
        "": { requests: 1, outcomes: { passed: 1 } },
      },
      reads: { memory: { found: 1 }, shared: { absent: 2 } },
      writes: { memory: { kept: 1 }, edge: { kept: 1 }, shared: { kept: 1 } },
      memory: { records: 1 },
      fillsUnderWay: 0,
      redis: { shutOff: false },
    });
    expect(text).not.toMatch(/shared-token|admin-token-of-site|database-\d/);
  });
});

it("tells the routes as they are configured, in their order", async () => {
  const config = {
    originTimeout: "7s",
    routes: [
      { name: "feed", match: ["/feed", "shop.example/*"], bypass: true },
      { name: "all", match: "*" },
    ],
  };
  const { text } = await openSite({ env, config }).get(
    "/_cache/stats",
    bearing("Bearer admin-token-of-site"),
  );
  const common = { origin: "default", originTimeoutSeconds: 7 };
  expect(JSON.parse(text)).toMatchObject({
    configuredRoutes: [
      { name: "feed", match: ["/feed", "shop.example/*"], bypass: true, ...common },
      { name: "all", match: ["*"], bypass: false, ...common },
    ],
  });
});

describe("an ADMIN_TOKEN that is not usable", () => {
  it.each(["/_cache/stats", "/_cache/journal"])("opens nothing, and says why: %s", async (path) => {
    const site = openSite({ env: { ADMIN_TOKEN: "s3cret" } });
    for (const more of [{}, bearing("Bearer s3cret")]) {
      const seen = await site.get(path, more);
      expect([seen.status, seen.fields.get("cache-control")]).toEqual([503, "no-store"]);
      expect(JSON.parse(seen.text)).toEqual({
        error: {
          code: "not-usable",
          what: "Access to this route was refused.",
          why: expect.stringContaining("It has fewer than 16 characters") as string,
          hint: expect.stringContaining("16 characters or more") as string,
        },
      });
      expect(seen.text).not.toContain("s3cret");
    }
    expect(site.log.join()).toContain(
      "ADMIN_TOKEN is not usable, so the operator's routes are closed.",
    );
  });
});

it("tells what is set and not usable", async () => {
  const site = openSite({ env: { ...env, PURGE_SECRET: "s3cret", UPSTASH_REDIS_REST_URL: "x" } });
  const { text } = await site.get("/_cache/stats", bearing("Bearer admin-token-of-site"));
  expect(JSON.parse(text)).toMatchObject({
    faults: [
      { what: expect.stringMatching(/^PURGE_SECRET/) as string },
      { why: expect.stringMatching(/^UPSTASH_REDIS_REST_TOKEN/) as string },
    ],
    redis: "not usable",
    journal: "not usable",
    invalidations: "only here: the journal is not usable",
  });
  expect(text).not.toContain("s3cret");
});

describe("what it tells of invalidation", () => {
  it.each([
    ["counts", new FakeUpstash(new FakeClock()), { named: 0, widened: 0, purged: 0, failed: 0 }],
    ["no-journal", undefined, "only here: the journal is not configured"],
  ])("%s", async (_id, upstash, told) => {
    const site = openSite({ env, ...(upstash && { upstash }) });
    const { text } = await site.get("/_cache/stats", bearing("Bearer admin-token-of-site"));
    expect(JSON.parse(text)).toMatchObject({ invalidations: told });
  });
});

describe("everything below /_cache/", () => {
  const paths = (
    "/_cache /_cache/ /_cache/stored/ab12 /_cache/nothing /_cache/stats/more " +
    "/%5Fcache/stored /%5fcache /%5f%63ache/x //_cache/ //_cache/stats /./_cache/x " +
    "/a/../_cache/x /_cache%2Fstats /%2F_cache/stats /_cache%5Cstats /_CACHE/stats"
  ).split(" ");

  it.each(paths)("ends here: %s", async (path) => {
    const site = openSite({ env });
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
      const seen = await site.get(path, { method, ...bearing("Bearer admin-token-of-site") });
      expect([method, seen.status]).toEqual([method, 404]);
    }
    expect(site.origin.count).toBe(0);
  });

  it.each(["/_cached", "/a/_cache/stats"])("and nothing else: %s", async (path) => {
    const site = openSite({ env });
    await site.get(path);
    expect(site.origin.count).toBe(1);
  });

  it("also what stands in a stored record's place", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=60")) });
    await site.get("/a");
    const { pathname } = new URL(site.cache.addresses[0] ?? "");
    expect((await site.get(pathname)).status).toBe(404);
  });
});

describe("what stands in the journal", () => {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const site = openSite({ clock, upstash, env });
  const kept = async () => {
    const { text } = await site.get("/_cache/stats", bearing("Bearer admin-token-of-site"));
    return (JSON.parse(text) as { journal: { kept: unknown } }).journal.kept;
  };

  it("is asked for with the stats, in one request of two commands", async () => {
    expect(await kept()).toEqual({ entries: 0, oldest: null });
    const position = upstash.journal.add(["*", "v", "1"]);
    upstash.journal.add(["*", "v", "1"]);
    upstash.journalCommands.splice(0);
    const at = new Date(clock.atMs).toISOString();
    expect(await kept()).toEqual({ entries: 2, oldest: { position, at } });
    expect(upstash.journalCommands).toEqual(["XLEN", "XRANGE"]);
  });

  it("is unavailable with its database", async () => {
    upstash.mode = "down";
    expect(await kept()).toBe("unavailable");
  });
});
