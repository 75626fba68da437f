// Tests rule 29 of the purge protocol: an answer with `Age` that may be from before a purge is for
// its own request alone (docs/internals/purge-protocol-special.md).
import { describe, expect, it } from "vitest";
import { pause } from "../../../src/base/timeouts.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { CacheBelow } from "../../../testing/fakes/cache-below.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, read, type Site } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import type { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

const hourSeconds = 3_600;
const shared = cc("s-maxage=3600, max-age=60, stale-while-revalidate=600", {
  "cache-tag": "red",
  etag: '"same"',
});
const red = { tags: ["red"] };

interface World {
  readonly site: Site;
  readonly cdn: CacheBelow;
  /** Changes the page at the origin. */
  readonly change: () => void;
}

/** Opens a site behind a CDN with a lifetime of an hour, which has had the first version for a minute. */
async function openBehindCdn(config: ConfigInput = {}, fields = shared): Promise<World> {
  const clock = new FakeClock();
  let version = 1;
  const cdn = new CacheBelow(clock, hourSeconds, () => page(`version ${version}`, fields));
  const { site } = openJournalled({ clock, config, origin: cdn.script });
  await site.get("/a");
  clock.advance(60);
  return { site, cdn, change: () => void (version += 1) };
}

describe("after a purge that a cache below does not know", () => {
  it("its answers are for their own clients alone, until it has a newer one", async () => {
    const { site, cdn, change } = await openBehindCdn();
    change();
    await send(site, red);
    for (const _ of ["first", "second"]) {
      const { text, cacheStatus, fields } = await site.get("/a");
      expect(text).toBe("version 1");
      expect(cacheStatus).toMatch(/^tidemark; fwd=\S+; fwd-status=200; detail=.*before-purge/);
      expect(fields.get("cache-control")).toBe("private, max-age=0");
      site.clock.advance(5);
    }
    site.clock.advance(hourSeconds);
    expect(await site.get("/a")).toMatchObject({ text: "version 2" });
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
    expect(cdn.originCount).toBe(2);
  });

  it.each([
    { id: "its tag", order: red, isOld: true },
    { id: "its tag, softly", order: { ...red, mode: "soft" }, isOld: true },
    { id: "its prefix", order: { prefixes: ["/"] }, isOld: true },
    { id: "everything", order: { everything: true }, isOld: true },
    { id: "another tag", order: { tags: ["blue"] }, isOld: false },
  ])("an answer from before a purge of $id is stored: not $isOld", async ({ order, isOld }) => {
    const { site } = await openBehindCdn();
    await send(site, order);
    const { cacheStatus } = await site.get("/b?fills-the-cdn");
    expect(cacheStatus).toContain("stored");
    // An address that Tidemark has not stored, although the CDN has.
    site.origin.script = () => page("version 1", { ...shared, age: "60" });
    expect((await site.get("/new")).cacheStatus.includes("before-purge")).toBe(isOld);
  });

  // The Age is rounded down by up to a second, and clocks differ by up to A, which is 1 s.
  it.each([
    { id: "surely after it", age: "7", isStored: true },
    { id: "perhaps at it", age: "8", isStored: false },
    { id: "before it", age: "16", isStored: false },
    { id: "at an unknown time: no Age", age: undefined, isStored: true },
    { id: "at an unknown time: no number", age: "old", isStored: true },
    { id: "at an unknown time: no Age below 0", age: "-1", isStored: true },
    { id: "before it, by an Age beyond 2^31", age: "99999999999", isStored: false },
    { id: "before it, by an Age with parameters", age: "16;a=1", isStored: false },
    { id: "before it, by the first of two", age: "16, 1", isStored: false },
  ])("10 s later, an answer that was generated $id is stored: $isStored", async (row) => {
    const { age, isStored } = row;
    const { site } = openJournalled({ origin: () => page("page", shared) });
    await site.get("/other");
    site.clock.advance(hourSeconds);
    await send(site, red);
    site.clock.advance(10);
    site.origin.script = () =>
      page("page", { ...shared, date: site.clock.date(-60), ...(age !== undefined && { age }) });
    const { cacheStatus, fields } = await site.get("/a");
    expect(cacheStatus.includes("stored")).toBe(isStored);
    // The new page may have the same validator.
    expect(fields.has("etag")).toBe(isStored);
    expect(cacheStatus.includes("before-purge")).toBe(!isStored);
  });

  it('a route with age: "ignore" stores them', async () => {
    const { site } = openJournalled({
      config: { routes: [{ name: "all", match: "*", purge: { age: "ignore" } }] },
      origin: () => page("page", { ...shared, age: "600" }),
    });
    await send(site, { everything: true });
    expect((await site.get("/a")).cacheStatus).toContain("stored");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it("a mark of a loss counts, but not the mark that begins the journal", async () => {
    const { site, upstash } = openJournalled({
      origin: () => page("page", { ...shared, age: "600" }),
    });
    await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
    const before = upstash.kept;
    await send(site, { tags: ["blue"] });
    for (const change of [() => undefined, () => upstash.lay(before)]) {
      change();
      site.clock.advance(20);
      await site.get("/other");
    }
    site.clock.advance(20);
    expect((await site.get("/b")).cacheStatus).toContain("detail=before-purge");
  });

  it("rule 7 (b) counts the time since the answer was generated", async () => {
    const { site, upstash } = openJournalled({ origin: () => page("page", shared) });
    await site.get("/a");
    upstash.journalMode = "down";
    // The view is too old from now on, and the journal cannot be read.
    site.clock.advance(30);
    for (const [age, isHit] of [
      ["1", true],
      ["9", false],
    ] as const) {
      site.origin.script = () => page("page", { ...shared, age });
      await site.get(`/${age}`);
      expect((await site.get(`/${age}`)).cacheStatus.includes("; hit")).toBe(isHit);
    }
  });
});

describe("an answer without a body from before a purge", () => {
  it("answers its own client if it is a 304, and freshens nothing", async () => {
    const fields304 = { ...shared, "cache-control": "s-maxage=30" };
    const { site } = openJournalled({ origin: () => page("page", fields304) });
    await send(site, red);
    await site.get("/a");
    site.origin.script = () => unchanged({ ...fields304, age: "60" });
    site.clock.advance(31);
    for (const _ of ["first", "second"]) {
      const { text, cacheStatus, fields } = await site.get("/a");
      expect({ text, cacheStatus }).toEqual({
        text: "page",
        cacheStatus: "tidemark; fwd=stale; fwd-status=304; detail=before-purge",
      });
      expect(fields.get("cache-control")).toBe("must-revalidate, private, max-age=0");
    }
  });

  it("makes nothing stale if it answers a HEAD", async () => {
    const config = { routes: [{ name: "all", match: "*", honourRequestDirectives: true }] };
    const { site } = openJournalled({ config, origin: () => page("new", shared) });
    await send(site, red);
    site.clock.advance(20);
    await site.get("/a");
    site.origin.script = () => page("", { ...shared, etag: '"other"', age: "60" });
    const headers = { "cache-control": "no-cache" };
    const head = await site.get("/a", { method: "HEAD", headers });
    expect(head.cacheStatus).toContain("fwd=request");
    expect((await site.get("/a")).cacheStatus).toContain("; hit; ttl=3600");
  });
});

it("an invalidation by an unsafe request counts as well, also without a journal", async () => {
  const site = openSite({ origin: () => page("page", shared) });
  await site.get("/a", { method: "POST" });
  site.clock.advance(20);
  site.origin.script = () => page("old", { ...shared, age: "60" });
  expect((await site.get("/a")).cacheStatus).toContain("detail=before-purge");
  expect((await site.get("/other")).cacheStatus).toContain("stored");
});

it("a stale response answers after a soft purge, and each refresh brings nothing", async () => {
  const { site, cdn, change } = await openBehindCdn();
  await site.meetOrigin();
  change();
  await send(site, { ...red, mode: "soft" });
  for (let nth = 0; nth < 20; nth += 1) {
    site.clock.advance(0.25);
    expect(await site.get("/a")).toMatchObject({ text: "version 1", status: 200 });
  }
  // At most one refresh a second, which the CDN answers.
  expect(site.origin.count).toBeLessThanOrEqual(6);
  expect(cdn.originCount).toBe(1);
  cdn.purge();
  site.clock.advance(5);
  await site.get("/a");
  expect(await site.get("/a")).toMatchObject({ text: "version 2" });
});

describe("requests that wait for such an answer", () => {
  playTimers();

  it("go ten at a time, and no address counts as uncacheable", async () => {
    const { site } = openJournalled({ origin: () => page("page", shared) });
    await site.meetOrigin();
    await send(site, { everything: true });
    site.clock.advance(20);
    let [running, mostRunning] = [0, 0];
    const old: Script = async () => {
      mostRunning = Math.max(mostRunning, (running += 1));
      await pause(100);
      running -= 1;
      return page("old", { ...shared, age: "600" });
    };
    for (const _ of ["first crowd", "second crowd"]) {
      site.origin.script = old;
      const countBefore = site.origin.count;
      const asking = Array.from({ length: 40 }, () => site.ask("/a").then(read));
      await pass(site.clock, 2);
      const seen = await Promise.all(asking);
      expect(seen.every(({ text }) => text === "old")).toBe(true);
      expect(mostRunning).toBeLessThanOrEqual(10);
      // An anonymous request would get the same.
      expect(site.origin.count - countBefore).toBe(40);
    }
    // The next answer is stored, and the requests that wait for it share it.
    site.origin.script = async () => {
      await pause(100);
      return page("new", shared);
    };
    const before = site.origin.count;
    const asking = Array.from({ length: 40 }, () => site.ask("/a").then(read));
    await pass(site.clock, 1);
    expect((await Promise.all(asking)).every(({ text }) => text === "new")).toBe(true);
    expect(site.origin.count - before).toBe(1);
  });
});

describe("behind a CDN with a lifetime of an hour", () => {
  const paths = ["/a", "/b", "/c", "/d", "/e"];

  // The CDN has the pages for up to 20 minutes when the purge comes. Each is read every 30 s.
  it.each([
    {
      id: "a purge of everything",
      event: (site: Site) => send(site, { everything: true }),
    },
    {
      id: "a mark of a loss",
      event: async (site: Site, upstash: UnsteadyUpstash) => {
        const before = upstash.kept;
        await send(site, { tags: ["blue"] });
        site.clock.advance(20);
        await site.get("/other");
        upstash.lay(before);
      },
    },
  ])("$id costs the origin one request a page, and ends", async ({ event }) => {
    const clock = new FakeClock();
    let version = "a";
    const cdn = new CacheBelow(clock, hourSeconds, () => page(version, shared));
    const { site, upstash } = openJournalled({ clock, origin: cdn.script });
    for (const path of paths) {
      clock.advance(240);
      await site.get(path);
    }
    version = "b";
    await event(site, upstash);
    clock.advance(30);
    const originBefore = cdn.originCount;
    const hitsSince = new Map<string, number>();
    for (let seconds = 0; seconds <= hourSeconds; seconds += 30) {
      for (const path of paths) {
        const { cacheStatus, text } = await site.get(path);
        expect(cacheStatus.includes("; hit") && text === "a").toBe(false);
        if (!cacheStatus.includes("; hit")) hitsSince.delete(path);
        else if (!hitsSince.has(path)) hitsSince.set(path, seconds);
      }
      clock.advance(30);
    }
    expect(cdn.originCount - originBefore).toBe(paths.length);
    // The CDN fetched the pages four minutes apart, the last one just before the purge.
    expect([...hitsSince.values()]).toEqual([2_640, 2_880, 3_120, 3_360, 3_600]);
  });
});
