// Cache-Group-Invalidation in an answer to an unsafe request purges groups (RFC 9875 §2.1, §3).
// test/rules/cache-groups.test.ts has the forms of the field.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { authorization } from "../../../testing/site/switch.ts";
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

const open = () => new TwoColos(config, origin);
const inGroup = (name: string) => `/a?groups=${encodeURIComponent(`"${name}"`)}`;
const inNews = inGroup("news");
const inNewsElsewhere = `https://other.example${inNews}`;
const naming = (groups: string) => ({ "x-groups": groups });
const listOf = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");
const numbered = (count: number) =>
  Array.from({ length: count }, (_, nth) => `${nth}`.padStart(32, "group "));

async function fill({ near, far }: TwoColos, ...paths: string[]): Promise<void> {
  for (const path of paths) for (const site of [near, far]) await ask(site, path);
}

async function hits(site: Site, ...paths: string[]): Promise<boolean[]> {
  const areHits: boolean[] = [];
  for (const path of paths) areHits.push((await ask(site, path)).isHit);
  return areHits;
}

describe("a response in an invalidated group", () => {
  it.each([
    {
      id: "only groups with exactly this name",
      paths: [inNews, `${inGroup("x")}, "news"`, inGroup("News"), "/plain"],
      found: [false, false, true, true],
    },
    {
      id: "only groups of the same origin (§2.1)",
      paths: [inNews, inNewsElsewhere, `http://www.example.com${inNews}`],
      found: [false, true, true],
    },
    { id: "no Cache-Tag with this name", paths: ["/a?tags=news"], found: [true] },
  ])("is gone at once in this colo, and within N + 1 s in all: $id", async ({ paths, found }) => {
    const colos = open();
    await fill(colos, ...paths);
    await write(colos.near, "/api/stories", naming('"news"'));
    expect(await hits(colos.near, ...paths)).toEqual(found);
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...paths)).toEqual(found);
  });

  it("is gone in this isolate although the journal is down", async () => {
    const colos = open();
    await fill(colos, inNews);
    colos.upstash.journalMode = "down";
    await write(colos.near, "/api/stories", naming('"news"'));
    expect(await hits(colos.near, inNews)).toEqual([false]);
  });

  it("is gone in this isolate of a site without a journal", async () => {
    const site = openSite({ config, origin });
    await ask(site, inNews);
    await write(site, "/api/stories", naming('"news"'));
    expect(await hits(site, inNews)).toEqual([false]);
  });

  it("is gone on every host after a purge of a tag with the group's name", async () => {
    const colos = open();
    const paths = [inNews, inNewsElsewhere, "/a?tags=news"];
    await fill(colos, ...paths);
    const purge = { method: "POST", headers: { authorization }, body: '{"tags":["news"]}' };
    expect((await colos.near.ask("/_cache/purge", purge)).status).toBe(200);
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...paths)).toEqual([false, false, false]);
  });
});

describe("Cache-Group-Invalidation", () => {
  it("appends a journal entry with the groups and their origin", async () => {
    const { near } = open();
    await ask(near, "/a");
    await write(near, "/api/stories", naming('"big news"'));
    const { text } = await ask(near, "/_cache/journal", { headers: { authorization } });
    const groups = ["https://www.example.com big news"];
    const entry = { by: "invalidation", mode: "hard", groups, urls: [], tags: [] };
    expect((JSON.parse(text) as { entries: unknown[] }).entries.at(-1)).toMatchObject(entry);
  });

  it("appends one entry for 32 groups of 32 characters (§3)", async () => {
    const colos = open();
    const names = numbered(32);
    await fill(colos, ...names.map(inGroup));
    await write(colos.near, "/api/stories", naming(listOf(names)));
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...names.map(inGroup))).toEqual(names.map(() => false));
    expect(colos.entries.map(({ targets }) => targets.tags.length)).toEqual([32]);
  });

  it("appends several entries if it names more groups than an entry holds", async () => {
    const colos = open();
    const names = numbered(200);
    const paths = [inGroup(names[0] ?? ""), inGroup(names.at(-1) ?? ""), "/a"];
    await fill(colos, ...paths);
    await write(colos.near, "/api/stories", naming(listOf(names)));
    await colos.pass(withinSeconds);
    expect(await hits(colos.far, ...paths)).toEqual([false, false, true]);
    expect(colos.entries.length).toBe(2);
  });

  it.each([
    { chars: 256, groups: [`https://www.example.com ${"a".repeat(256)}`] },
    { chars: 257, groups: [] },
  ])("names a group of up to 256 characters: $chars", async ({ chars, groups }) => {
    const colos = open();
    await write(colos.near, "/api/stories", naming(listOf(["a".repeat(chars)])));
    await colos.pass(withinSeconds);
    const tags = colos.entries.flatMap(({ targets }) => targets.tags);
    expect(tags.filter((tag) => tag.startsWith("group:"))).toEqual(
      groups.map((group) => `group:${group}`),
    );
  });

  it.each([
    { id: "get", method: "GET", path: "/b", fields: {} },
    { id: "get-with-bypass", method: "GET", path: "/b", fields: { authorization: "Bearer a" } },
    { id: "head", method: "HEAD", path: "/b", fields: {} },
    { id: "options", method: "OPTIONS", path: "/b", fields: {} },
    { id: "error", method: "POST", path: "/b", fields: { "x-status": "500" } },
    { id: "route-without-the-option", method: "POST", path: "/here/b", fields: {} },
  ])("is ignored: $id (§3)", async ({ method, path, fields }) => {
    const colos = open();
    await fill(colos, inNews);
    await ask(colos.near, path, { method, headers: { ...naming('"news"'), ...fields } });
    await colos.pass(withinSeconds);
    for (const site of [colos.near, colos.far]) expect(await hits(site, inNews)).toEqual([true]);
    expect(colos.entries).toEqual([]);
  });
});
