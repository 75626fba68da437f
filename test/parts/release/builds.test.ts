// Pages of routes with `release({ header })`: their validators, whether they are stored, and which build made them.
import { release } from "../../../src/parts/release/release.ts";
import { describe, expect, it } from "vitest";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { Site, SiteOptions } from "../../../testing/site/harness.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { page } from "../../../testing/fakes/origin-in-process.ts";
import { found, healthOf } from "../operate/health/health-world.ts";

/** The build that the origin runs, and the fields that it sends. */
interface Origin {
  build: string | undefined;
  etag: string | undefined;
  modified: string | undefined;
  status: number;
  control: string;
}

const control = "public, s-maxage=60, stale-while-revalidate=600, stale-if-error=600";
const modified = "Thu, 01 Jan 1970 00:00:01 GMT";
const header: ConfigInput = {
  routes: [{ name: "pages", match: "*", use: [release({ header: "x-build" })] }],
};

/** Opens a site with the page of build "a" stored, and the release "a" told. */
async function openAt(more: SiteOptions = {}, given: Partial<Origin> = {}) {
  const origin: Origin = {
    build: "a",
    etag: '"same"',
    modified: undefined,
    status: 200,
    control,
    ...given,
  };
  const { site } = openJournalled({
    config: header,
    ...more,
    origin: ({ headers, method }) => {
      if (origin.status >= 500) return new Response(null, { status: origin.status });
      const { build, etag, modified: date } = origin;
      const isSame =
        (etag !== undefined && headers.get("if-none-match") === etag) ||
        (date !== undefined && headers.get("if-modified-since") === date);
      const fields = {
        "x-build": build,
        etag,
        "last-modified": date,
        "cache-control": origin.control,
      };
      const sent = Object.entries(fields).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as [string, string]],
      );
      const isRead = method === "GET" || method === "HEAD";
      if (headers.has("range")) return new Response("part", { status: 206, headers: sent });
      return isRead && isSame
        ? new Response(null, { status: 304, headers: sent })
        : new Response(`page of ${build}`, { status: origin.status, headers: sent });
    },
  });
  await send(site, { release: "a", mode: "soft" });
  await site.get("/p");
  return { site, origin };
}

const asked = ({ origin }: Site) => origin.last.fields;

describe("a page of a left build", () => {
  it("is fetched without its validators, and does not answer while it is stale", async () => {
    const { site, origin } = await openAt();
    origin.build = "b";
    await send(site, { release: "b", mode: "soft" });
    const { text, cacheStatus } = await site.get("/p");
    expect({ text, cacheStatus }).toEqual({
      text: "page of b",
      cacheStatus: "tidemark; fwd=stale; fwd-status=200; stored; detail=purged",
    });
    expect(asked(site).has("if-none-match")).toBe(false);
  });

  it.each([
    { mode: "soft", seen: { status: 200, text: "page of a" } },
    { mode: "hard", seen: { status: 502 } },
  ])("answers in place of an error only after a soft release: $mode", async ({ mode, seen }) => {
    const { site, origin } = await openAt();
    origin.status = 503;
    await send(site, { release: "b", mode });
    const { status, text } = await site.get("/p");
    expect({ status, text }).toMatchObject(seen.status === 200 ? seen : { status: 503 });
  });

  it.each([
    { after: "a return to its build", orders: [{ release: "b" }, { release: "a" }] },
    { after: "another soft purge", orders: [{ routes: ["pages"] }] },
  ])("is none after $after: it answers stale, and gets a new body", async ({ orders }) => {
    for (const [stale, seen] of [
      [control, "hit; ttl=0"],
      ["s-maxage=60", "fwd=stale; fwd-status=200"],
    ] as const) {
      const { site } = await openAt({}, { control: stale });
      for (const order of orders) await send(site, { ...order, mode: "soft" });
      expect((await site.get("/p")).cacheStatus).toContain(seen);
      expect(asked(site).get("if-none-match")).toBe(null);
    }
  });
});

describe("an answer of another build than the current", () => {
  it("is not stored, nor kept by the client or another cache", async () => {
    const { site, origin } = await openAt();
    origin.build = "old:1";
    const { text, fields, cacheStatus } = await site.get("/q");
    expect(text).toBe("page of old:1");
    expect(cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=200; detail=left-release");
    expect(fields.get("cache-control")).toBe("private, max-age=0");
    expect(fields.get("etag")).toBe('"same;release=old:1"');
    origin.build = "a";
    expect((await site.get("/q")).cacheStatus).toContain("stored");
  });

  it("never freshens a page, whether its 304 has validators or not", async () => {
    for (const validators of [{ etag: '"same"' }, { etag: undefined, modified }]) {
      const { site, origin } = await openAt({}, validators);
      site.clock.advance(700);
      origin.build = "b";
      const { text, cacheStatus } = await site.get("/p");
      expect(text).toBe("page of b");
      expect(cacheStatus).toContain("detail=left-release");
      expect(asked(site).has("if-none-match")).toBe(false);
    }
  });

  it("is a finding that becomes a warning, until the release is told", async () => {
    const { site, origin } = await openAt();
    expect(await found(site, "left-release")).toBeUndefined();
    origin.build = "b";
    await site.get("/q");
    const first = await found(site, "left-release");
    const values = { builds: ["b"], release: "a" };
    expect(first).toMatchObject({ level: "info", about: 'route "pages"', values });
    site.clock.advance(14 * 60);
    await site.get("/q");
    site.clock.advance(2 * 60);
    await site.get("/q");
    expect(await found(site, "left-release")).toMatchObject({ level: "warning" });
    expect((await healthOf(site)).status).toBe("degraded");
    await send(site, { release: "b", mode: "soft" });
    expect(await found(site, "left-release")).toBeUndefined();
  });

  it("does not freshen a page, or make it stale, by an answer to HEAD", async () => {
    for (const etag of [undefined, '"same"']) {
      const { site, origin } = await openAt({}, { etag, modified, control: "max-age=600" });
      origin.build = "b";
      await site.get("/p", { method: "HEAD", headers: { "cache-control": "no-cache" } });
      expect((await site.get("/p")).cacheStatus).toContain("hit; ttl=600");
      await send(site, { release: "b", mode: "soft" });
      await site.get("/p", { method: "HEAD" });
      expect((await site.get("/p")).text).toBe("page of b");
    }
  });

  it("is explained", async () => {
    const { site } = await openAt({ env: { ADMIN_TOKEN: explainToken } });
    await send(site, { release: "b" }, { authorization: `Bearer ${explainToken}` });
    await site.get("/q");
    expect((await explained(site, "/q")).look?.last?.notStored?.rule).toBe("left-release");
  });
});

describe("a client's conditions", () => {
  it.each([
    ["its own page", { "if-none-match": '"same;release=a"' }, 304],
    ["the page of another build", { "if-none-match": '"same;release=b"' }, 200],
    ["the origin's own ETag", { "if-none-match": '"same"' }, 200],
    ["a date", { "if-modified-since": "Thu, 01 Jan 2099 00:00:00 GMT" }, 200],
    ["a range of another build", { range: "bytes=0-1", "if-range": '"same;release=b"' }, 200],
    ["a range of its own page", { range: "bytes=0-1", "if-range": '"same;release=a"' }, 206],
    ["a range by date", { range: "bytes=0-1", "if-range": modified }, 200],
  ])("compare %s with the build", async (_, headers, status) => {
    for (const path of ["/p", "/new"]) {
      const { site } = await openAt({}, { modified });
      const seen = await site.get(path, { headers });
      // A range of a page that is not stored gets the whole page.
      expect(seen.status).toBe(path === "/new" && status === 206 ? 200 : status);
      expect(seen.fields.has("x-build")).toBe(false);
    }
  });

  it("reach the origin in a request that bypasses the cache, except dates and marks", async () => {
    const { site } = await openAt();
    const { fields } = await site.get("/p", {
      headers: { authorization: "Basic YTpi", "if-modified-since": modified },
    });
    expect(fields.get("etag")).toBe('"same;release=a"');
    expect(fields.has("x-build")).toBe(false);
    expect(asked(site).has("if-modified-since")).toBe(false);
    const raw = { authorization: "Basic YTpi", "if-none-match": '"same"' };
    expect((await site.get("/p", { headers: raw })).status).toBe(200);
    const conditions = { "if-match": '"same;release=a", "v;release"' };
    const changed = await site.get("/p", { method: "PUT", body: "x", headers: conditions });
    expect(asked(site).get("if-match")).toBe('"same", "v;release"');
    expect(changed.fields.get("etag")).toBe('"same"');
    expect(changed.fields.has("x-build")).toBe(false);
  });
});

describe("a new isolate", () => {
  it.each(["journal", "copy"])(
    "knows the release from the %s, after more purges than it reads",
    async (from) => {
      const clock = new FakeClock();
      const cache = new FakeCache(clock);
      const { site, upstash } = openJournalled({ config: header, clock, cache });
      await site.get("/p");
      for (const id of ["b", "a"]) await send(site, { release: id, mode: "soft" });
      const fields = ["v", "1", "mode", "soft", "tags", "[]", "prefixes", "[]"];
      for (let nth = 0; nth < 2_000; nth += 1) {
        upstash.journal.add(["*", ...fields, "n", `n.${nth + 4}.1`]);
      }
      clock.advance(60);
      // This isolate publishes its copy in the colo.
      await site.get("/p");
      await site.settle();
      const origin = () =>
        new Response("page of b", { headers: { "x-build": "b", "cache-control": control } });
      const colo = from === "copy" ? { cache } : { env: { COLO: "SYD" } };
      const { site: cold } = openJournalled({ config: header, clock, upstash, origin, ...colo });
      upstash.forgetPast();
      expect((await cold.get("/q")).cacheStatus).toContain("detail=left-release");
      expect(upstash.journalCommands.includes("EVAL_RO")).toBe(from === "journal");
    },
  );
});

describe("the build of an answer", () => {
  it.each(["", "a b", "a, b", "ä", "x".repeat(129)])(
    "is none if the field is %j",
    async (build) => {
      const { site, origin } = await openAt();
      origin.build = build;
      expect((await site.get("/q")).cacheStatus).toContain("stored");
      const finding = await found(site, "build-unreadable");
      expect(finding?.about).toBe(build === "" ? undefined : 'route "pages"');
      await send(site, { release: "b", mode: "soft" });
      const { cacheStatus } = await site.get("/q");
      expect(cacheStatus).toContain("detail=purged");
      expect(asked(site).has("if-none-match")).toBe(false);
    },
  );

  it("decides nothing while no release is told", async () => {
    const { site } = openJournalled({
      config: header,
      origin: (_, nth) =>
        new Response("page", { headers: { "x-build": `${nth}`, "cache-control": "max-age=60" } }),
    });
    for (const path of ["/a", "/b"]) expect((await site.get(path)).cacheStatus).toContain("stored");
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });

  it("covers no page of other routes", async () => {
    const { site } = await openAt({
      config: { routes: [{ name: "plain", match: "/p" }, ...(header.routes ?? [])] },
    });
    await send(site, { release: "b" });
    expect((await site.get("/p")).cacheStatus).toContain("hit");
    const { text } = await site.get("/_cache/journal?last=1", { headers: bearer });
    expect(JSON.parse(text)).toMatchObject({ entries: [{ releases: ["b"], everything: false }] });
  });
});

it("a page of the current build is stored, whenever a cache below has generated it", async () => {
  const { site } = openJournalled({
    config: header,
  });
  for (const [build, path] of [
    ["b", "/a"],
    ["", "/b"],
  ] as const) {
    site.origin.script = () =>
      page("page", { "cache-control": "s-maxage=3600", age: "600", "x-build": build });
    await send(site, { release: "b", mode: "soft" });
    const { cacheStatus } = await site.get(path);
    expect(cacheStatus.includes("before-purge")).toBe(build === "");
  }
});
