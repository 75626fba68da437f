// An unsafe request on a route with `invalidate: "everywhere"` purges its URI in every colo within
// N + 1 s of the answer (RFC 9111 §4.4). joined-purges.test.ts has joining and retries.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, closedGate, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
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
    { name: "signed-in", match: "/news/*", when: { cookie: ["session"] }, bypass: true },
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

/** An unsafe request names the status and the fields of its answer. */
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

async function hitsOf(site: Site, paths: readonly string[]): Promise<string[]> {
  const hits: string[] = [];
  for (const path of paths) if (await isHit(site, path)) hits.push(path);
  return hits;
}

async function fill({ near, far }: TwoColos, ...paths: string[]): Promise<void> {
  for (const site of [near, far]) {
    await hitsOf(site, paths);
    expect(await hitsOf(site, paths)).toEqual(paths);
  }
}

describe("an unsafe request on a route that invalidates everywhere, after N + 1 s", () => {
  it("has purged each facet and variant of its URI, and no other page, in each colo", async () => {
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
    expect((await ask(near, "/shop/a", kinds[7])).isHit).toBe(false);
    await colos.pass(withinSeconds);
    expect(await hits(far, "/shop/a")).toBe(0);
    expect([await hits(near, "/shop/b"), await hits(far, "/shop/b")]).toEqual([8, 8]);
    expect(colos.entries.map(({ mode, targets }) => [mode, targets.tags])).toEqual([
      ["hard", ["url:https://www.example.com/shop/a"]],
    ]);
  });

  it("has purged the page also if the client meets the condition of an earlier route", async () => {
    const colos = open();
    await fill(colos, "/news/a");
    await write(colos.near, "/news/a", { cookie: "session=1" });
    await colos.pass(withinSeconds);
    expect(await isHit(colos.far, "/news/a")).toBe(false);
  });

  it("leaves responses of a route without the option in other colos", async () => {
    const colos = open();
    await fill(colos, "/here/a");
    await write(colos.near, "/here/a");
    await colos.pass(withinSeconds);
    expect(await isHit(colos.near, "/here/a")).toBe(false);
    expect(await isHit(colos.far, "/here/a")).toBe(true);
    expect(colos.entries).toEqual([]);
  });

  const ofHere = { "x-location": "/here/a" };
  it.each([
    { id: "location", asked: "/news/b", fields: { "x-location": "/news/a" } },
    { id: "content-location", asked: "/news/b", fields: { "x-content-location": "a" } },
    { id: "location on another route", asked: "/news/b", named: "/here/a", fields: ofHere },
    {
      id: "location from a route with bypass",
      asked: "/api/news",
      fields: { "x-location": "/news/a" },
    },
  ])("has purged the URI in its answer: $id", async ({ asked, named = "/news/a", fields }) => {
    const colos = open();
    await fill(colos, named);
    await write(colos.near, asked, fields);
    await colos.pass(withinSeconds);
    expect(await isHit(colos.far, named)).toBe(false);
  });
});

describe("the purge after an unsafe request", () => {
  it("does not delay the answer", async () => {
    const colos = open();
    const gate = closedGate();
    await fill(colos, "/news/a");
    colos.upstash.beforeJournalAnswer = () => gate.opened;
    expect((await colos.near.ask("/news/a", { method: "POST" })).status).toBe(204);
    gate.open();
  });

  it("follows the origin's answer, and covers responses from before the answer", async () => {
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

  it("covers a response that another colo stored after an earlier unsafe request", async () => {
    let version = 1;
    const colos = new TwoColos(everywhere, ({ method }) => {
      if (method === "GET") return page(`version ${version}`, cc("max-age=600"));
      version += 1;
      return new Response(null, { status: 204 });
    });
    await write(colos.near, "/news/a");
    await colos.pass(0.2);
    // This isolate has just read the journal, so its response is newer than the first entry.
    const other = colos.open("GRU");
    expect((await ask(other, "/news/a")).text).toBe("version 2");
    await write(colos.near, "/news/a");
    await colos.pass(withinSeconds);
    expect(colos.entries.length).toBe(2);
    expect((await ask(other, "/news/a")).text).toBe("version 3");
  });
});

describe("many unsafe requests of one client", () => {
  const paths = ["/news/a", "/news/b", "/news/ab", "/here/a"];
  /** A query that makes a path of seven characters as long as a stored URL may be. */
  const longest = (nth: number) => `q=${nth}`.padEnd(2_048 - "/news/a".length, "x");

  it("purge each of their pages, and no other", async () => {
    const colos = open();
    const written = Array.from({ length: 300 }, (_, nth) => `/news/${nth}`);
    const seen = ["/news/0", "/news/299", ...paths];
    await fill(colos, ...seen);
    for (const path of written) await write(colos.near, path);
    await colos.pass(withinSeconds);
    expect(await hitsOf(colos.far, seen)).toEqual(paths);
    const { invalidations } = await statsOf(colos.near);
    expect(invalidations).toMatchObject({ named: 300, widened: 0, failed: 0 });
  });

  it.each([{ count: 1 }, { count: 11 }])(
    "purge nothing if their queries are too long for a stored response: $count",
    async ({ count }) => {
      const colos = open();
      await fill(colos, ...paths);
      for (let nth = 0; nth < count; nth += 1) {
        await write(colos.near, `/news/a?${nth}${"x".repeat(6_200)}`);
      }
      await colos.pass(withinSeconds);
      expect(colos.entries).toEqual([]);
      expect(await hitsOf(colos.far, paths)).toEqual(paths);
    },
  );

  it("name one URL in all its spellings, and purge the page in every other spelling", async () => {
    const colos = open();
    const other = "/news/%6B%65?a=%2d&&b=1";
    await fill(colos, other);
    for (const path of ["/news/ke", "/news/%6be", "/news/k%65"]) {
      for (const query of ["a=-&b=1", "b=1&a=%2D", "&b=1&a=-&"]) {
        await write(colos.near, `${path}?${query}`);
      }
    }
    await colos.pass(withinSeconds);
    const tags = colos.entries.flatMap(({ targets }) => targets.tags);
    expect([...new Set(tags)]).toEqual(["url:https://www.example.com/news/ke?a=-&b=1"]);
    expect(await isHit(colos.far, other)).toBe(false);
  });

  it("purge the path with any query once they have named 64 KiB of URLs", async () => {
    const colos = open();
    const queried = ["/news/a?c=d", "/news/a/c?d"];
    await fill(colos, ...paths, ...queried);
    for (let nth = 0; nth < 60; nth += 1) await write(colos.near, `/news/a?${longest(nth)}`);
    await colos.pass(withinSeconds);
    const prefixes = colos.entries.flatMap(({ targets }) => targets.prefixes);
    expect([...new Set(prefixes)]).toEqual(["https://www.example.com/news/a?"]);
    const tags = colos.entries.flatMap(({ targets }) => targets.tags);
    expect(tags.filter((tag) => !tag.startsWith("url:"))).toEqual([]);
    expect(await hitsOf(colos.far, [...paths, ...queried])).toEqual([
      ...paths.slice(1),
      "/news/a/c?d",
    ]);
  });
});

describe("an invalidation without the journal", () => {
  it("is counted as lost and logged without its query after 25 seconds", async () => {
    const colos = open();
    await ask(colos.near, "/news/b");
    colos.upstash.journalMode = "down";
    await write(colos.near, "/news/a?token=s3cret");
    await colos.pass(25);
    const invalidations = { named: 1, widened: 0, purged: 0, failed: 1 };
    expect(await statsOf(colos.near)).toMatchObject({ invalidations });
    expect(colos.near.log.join("\n")).toContain("url:https://www.example.com/news/a?…");
    expect(colos.near.log.join("\n")).not.toContain("s3cret");
  });

  it("removes the response from this isolate, and the stats report this restriction", async () => {
    const env = { ADMIN_TOKEN: "admin-of-this-site" };
    const site = openSite({ config: everywhere, origin, env });
    await ask(site, "/news/a");
    expect(await isHit(site, "/news/a")).toBe(true);
    await write(site, "/news/a");
    expect(await isHit(site, "/news/a")).toBe(false);
    expect((await statsOf(site)).invalidations).toBe("only here: the journal is not configured");
  });
});
