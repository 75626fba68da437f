// What Cache-Group-Invalidation in an answer to an unsafe method invalidates (RFC 9875 §2.1, §3).
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import {
  ask,
  playTimers,
  TwoColos,
  withinSeconds,
  write,
} from "../../../testing/site/two-colos.ts";

playTimers();

const config: ConfigInput = {
  routes: [
    { name: "here", match: "/here/*" },
    { name: "api", match: "/api/*", bypass: true, invalidate: "everywhere" },
    { name: "all", match: "*", invalidate: "everywhere" },
  ],
};

/** Pages have the groups and tags that their queries name; writes name groups in a field. */
const origin: Script = ({ url, method, headers }, nth) => {
  const { searchParams } = new URL(url);
  if (method !== "GET" || headers.has("x-groups")) {
    const groups = headers.get("x-groups") ?? "";
    const status = Number(headers.get("x-status") ?? 200);
    return new Response("done", { status, headers: { "cache-group-invalidation": groups } });
  }
  const groups = { "cache-groups": searchParams.get("groups") ?? "" };
  const tags = { "cache-tag": searchParams.get("tags") ?? "" };
  return page(`page ${nth}`, cc("max-age=600", { ...groups, ...tags }));
};

const other = "https://other.example";
const inGroup = (name: string) => `/a?groups=${encodeURIComponent(`"${name}"`)}`;
const naming = (groups: string) => ({ "x-groups": groups });

async function fill({ near, far }: TwoColos, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    for (const site of [near, far]) await ask(site, path);
  }
}

async function hits(site: Site, ...paths: string[]): Promise<boolean[]> {
  const areHits: boolean[] = [];
  for (const path of paths) areHits.push((await ask(site, path)).isHit);
  return areHits;
}

describe("what has the group", () => {
  it("is gone at once here, and within N + 1 s in every colo; the rest is not", async () => {
    const colos = new TwoColos(config, origin);
    const paths = [inGroup("news"), `${inGroup("x")}, "news"`, inGroup("News"), "/plain"];
    await fill(colos, ...paths);
    await write(colos.near, "/api/stories", naming('"news"'));
    expect(await hits(colos.near, ...paths)).toEqual([false, false, true, true]);
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...paths)).toEqual([false, false, true, true]);
  });

  it("is shown in the journal, after its origin", async () => {
    const colos = new TwoColos(config, origin);
    await ask(colos.near, "/a");
    await write(colos.near, "/api/stories", naming('"big news"'));
    const headers = { authorization: "Bearer admin-of-this-site" };
    const { text } = await ask(colos.near, "/_cache/journal", { headers });
    const { entries } = JSON.parse(text) as { entries: unknown[] };
    expect(entries.at(-1)).toMatchObject({
      by: "invalidation",
      mode: "hard",
      groups: ["https://www.example.com big news"],
      urls: [],
      tags: [],
    });
  });

  it("is gone here before the journal has answered", async () => {
    const colos = new TwoColos(config, origin);
    await fill(colos, inGroup("news"));
    colos.upstash.journalMode = "down";
    await write(colos.near, "/api/stories", naming('"news"'));
    expect(await hits(colos.near, inGroup("news"))).toEqual([false]);
  });

  it("is gone here without a journal too", async () => {
    const site = openSite({ config, origin });
    await ask(site, inGroup("news"));
    await write(site, "/api/stories", naming('"news"'));
    expect(await hits(site, inGroup("news"))).toEqual([false]);
  });

  it("of another origin is left alone, here and elsewhere (§2.1)", async () => {
    const colos = new TwoColos(config, origin);
    const paths = ["https://www.example.com", other, "http://www.example.com"].map(
      (from) => `${from}${inGroup("news")}`,
    );
    await fill(colos, ...paths);
    await write(colos.near, "/api/stories", naming('"news"'));
    expect(await hits(colos.near, ...paths)).toEqual([false, true, true]);
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...paths)).toEqual([false, true, true]);
  });

  it("is no Cache-Tag of the same name", async () => {
    const colos = new TwoColos(config, origin);
    await fill(colos, "/a?tags=news");
    await write(colos.near, "/api/stories", naming('"news"'));
    await colos.pass(withinSeconds);
    expect([await hits(colos.near, "/a?tags=news"), await hits(colos.far, "/a?tags=news")]).toEqual(
      [[true], [true]],
    );
  });

  it("is reached by a purge by tag on every host, as its name", async () => {
    const colos = new TwoColos(config, origin);
    const paths = [inGroup("news"), `${other}${inGroup("news")}`, "/a?tags=news"];
    await fill(colos, ...paths);
    const headers = { authorization: "Bearer admin-of-this-site" };
    const body = '{"tags":["news"]}';
    const purge = { method: "POST", headers, body };
    expect((await colos.near.ask("/_cache/purge", purge)).status).toBe(200);
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...paths)).toEqual([false, false, false]);
  });
});

describe("the field", () => {
  it("is read whole: 32 groups of 32 characters in one entry (§3)", async () => {
    const colos = new TwoColos(config, origin);
    const names = Array.from({ length: 32 }, (_, nth) => `${nth}`.padStart(32, "group "));
    await fill(colos, ...names.map(inGroup));
    await write(colos.near, "/api/stories", naming(names.map((name) => `"${name}"`).join(", ")));
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...names.map(inGroup))).toEqual(names.map(() => false));
    expect(colos.entries.map(({ targets }) => targets.tags.length)).toEqual([32]);
  });

  it("names groups by its Strings alone (§3)", async () => {
    const colos = new TwoColos(config, origin);
    await fill(colos, inGroup("a"), inGroup("b"), inGroup("1"));
    await write(colos.near, "/api/stories", naming('a, 1, "b";x, ("a")'));
    await colos.pass(withinSeconds);
    const paths = [inGroup("a"), inGroup("b"), inGroup("1")];
    expect(await hits(colos.far, ...paths)).toEqual([true, false, true]);
  });

  it("that names more than an entry holds purges its host, and no other", async () => {
    const colos = new TwoColos(config, origin);
    const names = Array.from({ length: 200 }, (_, nth) => `${nth}`.padStart(32, "group "));
    const last = inGroup(names.at(-1) ?? "");
    await fill(colos, last, `${other}${last}`);
    await write(colos.near, "/api/stories", naming(names.map((name) => `"${name}"`).join(", ")));
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, last, `${other}${last}`)).toEqual([false, true]);
    expect(colos.entries.length).toBe(1);
  });

  it.each([
    { id: "get", method: "GET", path: "/b", fields: {} },
    { id: "get-passed-by", method: "GET", path: "/b", fields: { authorization: "Bearer a" } },
    { id: "head", method: "HEAD", path: "/b", fields: {} },
    { id: "options", method: "OPTIONS", path: "/b", fields: {} },
    { id: "error", method: "POST", path: "/b", fields: { "x-status": "500" } },
    { id: "route-that-does-not-ask", method: "POST", path: "/here/b", fields: {} },
  ])("is ignored: $id (§3)", async ({ method, path, fields }) => {
    const colos = new TwoColos(config, origin);
    await fill(colos, inGroup("news"));
    const headers = { ...naming('"news"'), ...fields };
    await ask(colos.near, path, { method, headers });
    await colos.pass(withinSeconds);
    const areHits = [
      await hits(colos.near, inGroup("news")),
      await hits(colos.far, inGroup("news")),
    ];
    expect([areHits, colos.entries]).toEqual([[[true], [true]], []]);
  });
});
