// Tests which paths are reserved for Tidemark: `/_cache/` in every spelling that a server behind
// Tidemark might read as `/_cache/`. Similar names are not reserved.
import { describe, expect, it, vi } from "vitest";
import { isReserved } from "../../src/routing/path-readings.ts";
import { openJournalled, bearer } from "../../testing/site/purge-sender.ts";

const words = (text: string) => text.trim().split(/\s+/);

const spellings = words(String.raw`
  /_cache /_cache/ /_cache/purge /_CACHE/PURGE /_Cache //_cache/ ///_cache
  //host/_cache/purge /\host\_cache /_cache;x/purge /_cache; /;x/_cache/purge
  /x/..;/_cache/purge /x/../_cache/purge /./_cache /%2e/_cache /x/%2E%2E/_cache
  /x%2F..%2F_cache /x/../../_cache /a//../_cache /_cache/../x /_cache%2Fpurge
  /_cache%2fpurge /_cache%5Cpurge /_cache\purge /%5Fcache/purge /%5fCACHE/purge
  /%255Fcache/purge /%25255Fcache/purge /%u005fcache/purge /%c1%9fcache/purge
  /%25c1%259Fcache/purge /%e0%81%9fcache/purge /%f0%80%81%9fcache/purge /_%63ache
  /_cache%00 /_cache%00/purge /_cache%00.html /%00_cache /_ca%00che/purge
  /_cache%09/purge /_cache%20 /_cache%20/purge /%20_cache /_cache./purge /_cache...
  /_cache.%20. /_cache%3Fpurge /_cache%23 /%EF%BC%BFcache/purge /_%EF%BD%83ache
  /＿cache/purge /_cache%E2%80%8B/purge
`);

const others = words(String.raw`
  / /_cached /_cached/page /my_cache/ /my_cache/_cache /a/_cache/ /a/%5Fcache /cache/
  /__cache/ /_cache-control /_cache.json /_cach /_c/ache /a;_cache /_cache_/x /100%25
  /% /gr%C3%B6%C3%9Fe /.. // //host/page
`);

it.each(spellings)("reserves the path %s", (path) => expect(isReserved(path)).toBe(true));
it.each(others)("does not reserve the path %s", (path) => expect(isReserved(path)).toBe(false));

describe("isReserved with another operator path", () => {
  const moved = spellings.map((path) => path.replaceAll(/_cache/gi, "_edge"));
  const named = moved.filter((path) => /_edge/.test(path));

  it.each(named)("reserves that path: %s", (path) => {
    expect([isReserved(path, "/_edge"), isReserved(path)]).toEqual([true, false]);
  });
  it.each(spellings)("also reserves the default path: %s", (path) => {
    expect(isReserved(path, "/_edge")).toBe(true);
  });
  it.each([...others, "/_edged", "/a/_edge/"])("reserves nothing else: %s", (path) => {
    expect(isReserved(path, "/_edge")).toBe(false);
  });
});

/** Paths of about the longest URL that a Worker accepts, with escapes to decode. */
const long = [
  { id: "many segments", path: `${"/a".repeat(8_000)}/%20` },
  { id: "many segments that decode to nothing", path: "/%00".repeat(4_000) },
  { id: "many segments, and /_cache at the end", path: `${"/%00a".repeat(3_000)}/_cache%20` },
];

it.each(long)("decodes a long path with fewer than 20 replacements: $id", ({ path }) => {
  const replaced = vi.spyOn(String.prototype, "replaceAll");
  try {
    isReserved(path);
    expect(replaced.mock.calls.length).toBeLessThan(20);
  } finally {
    replaced.mockRestore();
  }
});

it("reserves /_cache as the last of more than 256 segments", () => {
  expect(isReserved(`${"/a".repeat(256)}/x%20`)).toBe(false);
  expect(isReserved(`${"/a".repeat(256)}/_cache%20`)).toBe(true);
});

it("never forwards a reserved path with its token", async () => {
  const { site } = openJournalled();
  // The runtime resolves dot segments of some spellings before Tidemark reads them.
  const seen = spellings.filter((path) => isReserved(new URL(`https://a${path}`).pathname));
  expect(spellings.length - seen.length).toBeLessThan(3);
  for (const path of seen) {
    const response = await site.ask(path, { method: "POST", headers: bearer, body: "{}" });
    expect([path, response.status >= 400]).toEqual([path, true]);
  }
  expect(site.origin.count).toBe(0);
  expect((await site.get("/_cached")).status).toBe(200);
  expect(site.origin.count).toBe(1);
});
