// What an answer to an unsafe method invalidates on a route with `invalidate: "everywhere"`: every
// facet and variant in every colo, N + 1 s after the answer (RFC 9111 §4.4).
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite, type Site, until } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import {
  ask,
  playTimers,
  statsOf,
  TwoColos,
  withinSeconds,
  write,
} from "../../../testing/site/two-colos.ts";

playTimers();

const everywhere: ConfigInput = {
  routes: [
    { name: "news", match: "/news/*", invalidate: "everywhere" },
    { name: "here", match: "/here/*" },
    { name: "api", match: "/api/*", bypass: true, invalidate: "everywhere" },
    {
      name: "shop",
      match: "/shop/*",
      invalidate: "everywhere",
      key: { headers: ["x-app"], cookies: ["currency"] },
    },
  ],
};

/** An unsafe request may say how it wants to be answered. */
const origin: Script = ({ method, headers }, nth) => {
  if (method === "GET") return page(`page ${nth}`, cc("max-age=600", { vary: "accept-language" }));
  const status = Number(headers.get("x-status") ?? 204);
  const named = ["location", "content-location"].flatMap((name) => {
    const value = headers.get(`x-${name}`);
    return value === null ? [] : [[name, value] as const];
  });
  return new Response(null, { status, headers: Object.fromEntries(named) });
};

const open = () => new TwoColos(everywhere, origin);

const isHit = async (site: Site, path: string) => (await ask(site, path)).isHit;

/** Asked for here and there, so that both hold it. */
async function fill({ near, far }: TwoColos, ...paths: string[]): Promise<void> {
  for (const path of paths) for (const site of [near, far]) await ask(site, path);
  for (const path of paths)
    expect([await isHit(near, path), await isHit(far, path)]).toEqual([true, true]);
}

describe("within N + 1 s", () => {
  it("every facet and every variant of it is gone in every colo, and nothing else is", async () => {
    const colos = open();
    const { near, far } = colos;
    const kinds = ["ios", "web"].flatMap((app) =>
      ["EUR", "JPY"].flatMap((currency) =>
        ["de", "fr"].map((language) => ({
          headers: { "x-app": app, cookie: `currency=${currency}`, "accept-language": language },
        })),
      ),
    );
    const hits = async (site: Site, path: string) => {
      let count = 0;
      for (const kind of kinds) count += Number((await ask(site, path, kind)).isHit);
      return count;
    };
    for (const path of ["/shop/a", "/shop/b"]) {
      for (const site of [near, far]) await hits(site, path);
      expect([await hits(near, path), await hits(far, path)]).toEqual([8, 8]);
    }
    await write(near, "/shop/a?utm_source=x", { "x-app": "ios" });
    // One that nobody has asked for since, of another facet than the write's.
    expect((await ask(near, "/shop/a", kinds[7])).isHit).toBe(false);
    await colos.pass(withinSeconds);
    expect(await hits(far, "/shop/a")).toBe(0);
    expect([await hits(near, "/shop/b"), await hits(far, "/shop/b")]).toEqual([8, 8]);
    expect(colos.entries.map(({ mode, targets }) => [mode, targets.tags])).toEqual([
      ["hard", ["url:https://www.example.com/shop/a"]],
    ]);
  });

  it("on another route it stays where it is not invalidated at once", async () => {
    const colos = open();
    await fill(colos, "/here/a");
    await write(colos.near, "/here/a");
    await colos.pass(withinSeconds);
    expect([await isHit(colos.near, "/here/a"), await isHit(colos.far, "/here/a")]).toEqual([
      false,
      true,
    ]);
    expect(colos.entries).toEqual([]);
  });

  it.each([
    { id: "location", path: "/news/b", fields: { "x-location": "/news/a" } },
    { id: "content-location", path: "/news/b", fields: { "x-content-location": "a" } },
    { id: "of-another-route", path: "/here/a", fields: { "x-location": "/here/a" } },
  ])("what it names is gone too: $id", async ({ path, fields }) => {
    const colos = open();
    const named = path === "/here/a" ? path : "/news/a";
    await fill(colos, named);
    await write(colos.near, "/news/b", fields);
    await colos.pass(withinSeconds);
    expect(await isHit(colos.far, named)).toBe(false);
  });

  it("is validated where it can be, unless somebody has ordered a purge too", async () => {
    const etag = { etag: '"1"' };
    const colos = new TwoColos(everywhere, ({ method, headers }) => {
      if (method !== "GET") return new Response(null, { status: 204 });
      const isUnchanged = headers.has("if-none-match");
      return isUnchanged
        ? unchanged(cc("max-age=600", etag))
        : page("page", cc("max-age=600", etag));
    });
    const { near, far } = colos;
    await fill(colos, "/news/a", "/news/b");
    for (const path of ["/news/a", "/news/b"]) await write(near, path);
    const headers = { authorization: "Bearer admin-of-this-site" };
    const body = JSON.stringify({ urls: ["https://www.example.com/news/b"] });
    await ask(near, "/_cache/purge", { method: "POST", headers, body });
    await colos.pass(withinSeconds);
    const wasConditional = async (path: string) => {
      await ask(far, path);
      return far.origin.last.fields.has("if-none-match");
    };
    expect([await wasConditional("/news/a"), await wasConditional("/news/b")]).toEqual([
      true,
      false,
    ]);
  });

  it("what an interface names that is itself passed by", async () => {
    const colos = open();
    await fill(colos, "/news/a");
    await write(colos.near, "/api/news", { "x-location": "/news/a" });
    await colos.pass(withinSeconds);
    expect(await isHit(colos.far, "/news/a")).toBe(false);
    expect(colos.entries.map(({ targets }) => targets.tags)).toEqual([
      ["url:https://www.example.com/news/a"],
    ]);
  });
});

describe("nothing is purged", () => {
  it.each([
    { id: "400", method: "POST", fields: { "x-status": "400" } },
    { id: "404", method: "DELETE", fields: { "x-status": "404" } },
    { id: "500", method: "PUT", fields: { "x-status": "500" } },
    { id: "options", method: "OPTIONS", fields: { "x-status": "200" } },
    { id: "head", method: "HEAD", fields: {} },
    { id: "get", method: "GET", fields: { authorization: "Bearer a" } },
  ])("by an error, or by a safe method: $id", async ({ method, fields }) => {
    const colos = open();
    await fill(colos, "/news/a");
    await ask(colos.near, "/news/a", { method, headers: fields });
    await colos.pass(withinSeconds);
    expect([await isHit(colos.far, "/news/a"), colos.entries]).toEqual([true, []]);
  });

  it.each(["https://other.example/news/a", "http://www.example.com/news/a"])(
    "of another origin: %s",
    async (url) => {
      const colos = open();
      await fill(colos, url);
      await write(colos.near, "/news/b", { "x-location": url });
      await colos.pass(withinSeconds);
      expect(await isHit(colos.far, url)).toBe(true);
    },
  );
});

describe("in order", () => {
  it("nobody's answer waits for the journal", async () => {
    const colos = open();
    const gate = closedGate();
    await fill(colos, "/news/a");
    colos.upstash.beforeJournalAnswer = () => gate.opened;
    expect((await colos.near.ask("/news/a", { method: "POST" })).status).toBe(204);
    gate.open();
  });

  it("the purge stands after the answer, so that nothing older outlives it", async () => {
    const gate = closedGate();
    let version = 1;
    const colos = new TwoColos(everywhere, async ({ method }) => {
      if (method === "GET") return page(`version ${version}`, cc("max-age=600"));
      await gate.opened;
      version = 2;
      return new Response(null, { status: 204 });
    });
    const { near, far } = colos;
    await ask(near, "/news/b");
    const writing = near.ask("/news/a", { method: "POST" });
    await colos.pass(2);
    expect([(await ask(far, "/news/a")).text, colos.entries]).toEqual(["version 1", []]);
    gate.open();
    await writing;
    await colos.pass(withinSeconds);
    expect((await ask(far, "/news/a")).text).toBe("version 2");
  });

  it("what was stored between two writes is purged by the second", async () => {
    let version = 1;
    const colos = new TwoColos(everywhere, ({ method }) => {
      if (method === "GET") return page(`version ${version}`, cc("max-age=600"));
      version += 1;
      return new Response(null, { status: 204 });
    });
    await write(colos.near, "/news/a");
    await colos.pass(0.2);
    // It has read the journal just now: what it stores is newer than the first entry.
    const other = colos.open("GRU");
    expect((await ask(other, "/news/a")).text).toBe("version 2");
    await write(colos.near, "/news/a");
    await colos.pass(withinSeconds);
    expect(colos.entries.length).toBe(2);
    expect((await ask(other, "/news/a")).text).toBe("version 3");
  });

  it("a response that was under way elsewhere is old when it is stored", async () => {
    const gate = closedGate();
    const colos = new TwoColos(everywhere, async ({ method }, nth) => {
      if (method !== "GET") return new Response("done");
      if (nth === 1) await gate.opened;
      return page(`page ${nth}`, cc("max-age=600"));
    });
    const slow = colos.far.ask("/news/a");
    await until(() => colos.far.origin.count === 1);
    await write(colos.near, "/news/a");
    gate.open();
    expect(await (await slow).text()).toBe("page 1");
    await colos.pass(withinSeconds);
    expect((await ask(colos.far, "/news/a")).text).not.toBe("page 1");
  });
});

describe("a flood", () => {
  const many = (count: number) => Array.from({ length: count }, (_, nth) => `/news/${nth}`);

  it("of writes to some pages is two entries in its first second", async () => {
    const colos = open();
    const paths = many(50);
    for (const path of paths) await write(colos.near, path);
    await colos.pass(1);
    const urls = paths.map((path) => `url:https://www.example.com${path}`);
    expect(colos.entries.map(({ targets }) => targets.tags)).toEqual([
      urls.slice(0, 1),
      urls.slice(1),
    ]);
  });

  it("of writes to more than an entry holds purges their route, and no other", async () => {
    const colos = open();
    await fill(colos, "/news/1", "/news/299", "/news/never-written", "/here/a");
    for (const path of many(300)) await write(colos.near, path);
    await colos.pass(withinSeconds);
    expect(colos.entries.length).toBe(2);
    expect(colos.entries[1]?.targets.tags).toContain("route:news");
    const paths = ["/news/1", "/news/299", "/news/never-written", "/here/a"];
    const areHits = [];
    for (const path of paths) areHits.push(await isHit(colos.far, path));
    expect(areHits).toEqual([false, false, false, true]);
    const { invalidations } = await statsOf(colos.near);
    expect(invalidations).toMatchObject({ named: 300, purged: 2, failed: 0 });
    expect((invalidations as { widened: number }).widened).toBeGreaterThan(100);
  });

  it("nor does a URL that is too long for an entry get lost", async () => {
    const colos = open();
    const path = `/news/a?q=${"a".repeat(8_000)}`;
    await fill(colos, path, "/here/a");
    await write(colos.near, path);
    await colos.pass(withinSeconds);
    expect([await isHit(colos.far, path), await isHit(colos.far, "/here/a")]).toEqual([
      false,
      true,
    ]);
  });
});

describe("the journal cannot be reached", () => {
  it("for ten seconds: it is purged once it can", async () => {
    const colos = open();
    await fill(colos, "/news/a");
    colos.upstash.journalMode = "down";
    await write(colos.near, "/news/a");
    expect(await isHit(colos.near, "/news/a")).toBe(false);
    await colos.pass(10);
    expect(colos.entries).toEqual([]);
    colos.upstash.journalMode = "works";
    await colos.pass(withinSeconds);
    expect([colos.entries.length, await isHit(colos.far, "/news/a")]).toEqual([1, false]);
  });

  it("for longer: it is counted, and said without what the query holds", async () => {
    const colos = open();
    await ask(colos.near, "/news/b");
    colos.upstash.journalMode = "down";
    await write(colos.near, "/news/a?token=s3cret");
    await colos.pass(25);
    expect((await statsOf(colos.near)).invalidations).toEqual({
      named: 1,
      widened: 0,
      purged: 0,
      failed: 1,
    });
    expect(colos.near.log.join("\n")).toContain("url:https://www.example.com/news/a?…");
    expect(colos.near.log.join("\n")).not.toContain("s3cret");
  });

  it("or is not configured: it is invalidated here, and the stats say so", async () => {
    const site = openSite({
      config: everywhere,
      origin,
      env: { ADMIN_TOKEN: "admin-of-this-site" },
    });
    await ask(site, "/news/a");
    expect(await isHit(site, "/news/a")).toBe(true);
    await write(site, "/news/a");
    expect(await isHit(site, "/news/a")).toBe(false);
    expect((await statsOf(site)).invalidations).toBe("only here: the journal is not configured");
  });
});
