// Assets on routes with `use: [release("keep")]`: how long they stay that the origin has lost, and what ends them.
// Needs parts: fallback.
import { fallback } from "../../../src/parts/fallback/fallback.ts";
import { release } from "../../../src/parts/release/release.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KnownReleases } from "../../../src/purge/view/known-releases.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { TwoColos } from "../../../testing/site/two-colos.ts";
import type { Site } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";

afterEach(() => void vi.restoreAllMocks());

const path = "/assets/a-1.js";
const config: ConfigInput = {
  routes: [{ name: "assets", match: "/assets/*", use: [release({ keep: 2 })], tags: ["asset"] }],
};

/** Opens a site with a stored asset that has expired, and that the origin has lost. */
async function openLost(status = 404, cacheControl = "max-age=60, must-revalidate") {
  const origin = { status: 200, type: "text/javascript" };
  const { site } = openJournalled({
    config,
    origin: () =>
      new Response(origin.type === "text/javascript" ? "js" : "page", {
        status: origin.status,
        headers: { "cache-control": cacheControl, "content-type": origin.type },
      }),
  });
  await site.get(path);
  site.clock.advance(3_600);
  origin.status = status;
  return { site, origin };
}

const told = async (site: Site, ids: readonly string[]) => {
  for (const id of ids) await send(site, { release: id, mode: "soft" });
};

describe("a lost asset", () => {
  it.each([404, 410])("answers in place of %i, and says so", async (status) => {
    const { site } = await openLost(status);
    site.origin.asked.length = 0;
    const seen = await site.get(path);
    expect(site.origin.count).toBe(2);
    expect([seen.status, seen.text]).toEqual([200, "js"]);
    expect(seen.cacheStatus).toBe(`tidemark; fwd=stale; fwd-status=${status}; detail=kept-asset`);
  });

  it("answers clients with cookies and credentials that no key has", async () => {
    const { site } = await openLost(404, "max-age=60");
    for (const headers of [{}, { cookie: "session=1" }, { "x-api-key": "k" }]) {
      expect((await site.get(path, { headers })).status).toBe(200);
    }
  });

  it.each(["text/html; charset=utf-8", "Text/HTML"])(
    "answers in place of a page: %s",
    async (type) => {
      const { site, origin } = await openLost(200);
      origin.type = type;
      site.origin.asked.length = 0;
      const { text, cacheStatus } = await site.get(path);
      expect(text).toBe("js");
      expect(cacheStatus).toBe("tidemark; fwd=stale; fwd-status=200; detail=kept-asset");
      expect(site.origin.count).toBe(2);
      const missing = await site.get("/assets/b-2.js");
      expect(missing.cacheStatus).toContain("extension-mismatch");
      expect(missing.fields.get("cache-control")).toContain("private");
    },
  );

  it("answers in place of an error, beyond stale-if-error", async () => {
    const { site } = await openLost(503);
    expect((await site.get(path)).cacheStatus).toContain("stale-if-error");
  });

  it("stays for two releases after its loss, and a release told again is no other", async () => {
    const { site } = await openLost();
    await told(site, ["b", "c", "d"]);
    // The loss is noted now.
    expect((await site.get(path)).status).toBe(200);
    await told(site, ["d", "e", "e"]);
    expect((await site.get(path)).status).toBe(200);
    await told(site, ["f"]);
    const { status, cacheStatus } = await site.get(path);
    expect([status, cacheStatus]).toEqual([
      404,
      "tidemark; fwd=stale; fwd-status=404; detail=missing-asset",
    ]);
  });

  it("stays for releases that the isolate of its loss did not know", async () => {
    const { site } = await openLost();
    // The journal has dropped the entries of both releases for a new isolate alone.
    vi.spyOn(KnownReleases.prototype, "current", "get").mockReturnValue(undefined);
    await told(site, ["b", "c"]);
    site.clock.advance(1);
    expect((await site.get(path)).status).toBe(200);
    expect((await site.get(path)).status).toBe(200);
  });

  it("stays anew once the origin has had it again", async () => {
    const { site, origin } = await openLost();
    await site.get(path);
    await told(site, ["b", "c"]);
    origin.status = 200;
    await site.get(path);
    expect((await site.get(path)).cacheStatus).toContain("hit");
    origin.status = 404;
    site.clock.advance(3_600);
    expect((await site.get(path)).status).toBe(200);
  });

  it.each([
    { order: { urls: [`https://www.example.com${path}`] } },
    { order: { everything: true } },
  ])("ends with a purge of $order", async ({ order }) => {
    const { site } = await openLost();
    await site.get(path);
    await send(site, order);
    expect((await site.get(path)).status).toBe(404);
  });
});

it("a missing asset is never stored, whatever lifetime its 404 has", async () => {
  const { site, origin } = await openLost(404, "public, max-age=31536000, immutable");
  for (let nth = 0; nth < 3; nth += 1) {
    const { status, cacheStatus } = await site.get("/assets/b-2.js");
    expect(status).toBe(404);
    expect(cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=404; detail=missing-asset");
  }
  origin.status = 200;
  expect((await site.get("/assets/b-2.js")).cacheStatus).toContain("stored");
});

it("asks once more for a missing asset, within the budget for retries", async () => {
  const { site } = await openLost();
  site.origin.asked.length = 0;
  await site.get("/assets/b-2.js");
  expect(site.origin.count).toBe(2);
  expect(site.origin.last.fields.get("via")).toBe(site.origin.asked[0]?.fields.get("via"));
  for (let nth = 0; nth < 100; nth += 1) await site.get(`/assets/${nth}.js`);
  // Ten retries, and one for each ten answers.
  expect(site.origin.count).toBeLessThan(101 + 10 + 13);
});

it("another colo finds a lost asset in the shared tier, with the release of its loss", async () => {
  const origin = { status: 200 };
  const colos = new TwoColos(
    config,
    () =>
      new Response("js", {
        status: origin.status,
        headers: { "cache-control": "max-age=60", "content-type": "text/javascript" },
      }),
  );
  await colos.near.get(path);
  colos.clock.advance(86_400 * 20);
  origin.status = 404;
  await colos.near.get(path);
  colos.clock.advance(1);
  const headers = { authorization: "Bearer admin-of-this-site" };
  for (const id of ["b", "c"]) {
    expect((await colos.far.get(path)).status).toBe(200);
    const body = JSON.stringify({ release: id, mode: "soft" });
    await (await colos.far.ask("/_cache/purge", { method: "POST", body, headers })).text();
  }
  expect((await colos.far.get(path)).status).toBe(404);
});

it.each([false, true])(
  "no fallback origin answers instead, also before a stale response: %s",
  async (beforeStale) => {
    const origins = { mirror: { url: "https://mirror.invalid" } };
    const use = [release("keep"), fallback("mirror", { beforeStale })];
    const { site } = openJournalled({
      config: { origins, routes: [{ name: "pages", match: "*", use }] },
      origin: () => new Response("own", { status: 404 }),
    });
    expect((await site.get("/a")).text).toBe("own");
    const hosts = site.origin.asked.map(({ url }) => new URL(url).hostname);
    expect(new Set(hosts).size).toBe(1);
    expect(hosts).toHaveLength(2);
  },
);
