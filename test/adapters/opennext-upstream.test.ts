// The cases of opennextjs-aws that depend on the overrides, from packages/tests-unit/tests: adapters/cache.test.ts,
// adapters/composable-cache.test.ts and overrides/tagCache/dynamodb-nextMode.test.ts. Their other cases test what
// OpenNext does with mocks of the overrides: its conversions, its options, and its mode "original".
import { describe, expect, it } from "vitest";
import "../../testing/fakes/workers-globals.ts";
import { openNextOverrides } from "../../src/adapters/opennext.ts";
import { openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { tagsOfPage, twoIsolates } from "./opennext-world.ts";

openNetworkOfFakes();

const { incrementalCache, tagCache } = openNextOverrides();
const meta = { status: 200, headers: { "x-custom": "value" } };
const fetched = { headers: {}, body: "{}", url: "https://example.com", status: 200, tags: ["red"] };

describe("the incremental cache", () => {
  it.each([
    ["a route", "cache", { type: "route", body: "{}", meta }],
    ["a route with bytes", "cache", { type: "route", body: "/9j/", meta }],
    ["a page", "cache", { type: "page", html: "<html></html>", json: { a: [1, null] } }],
    ["a page with its payload", "cache", { type: "app", html: "<p>", rsc: "rsc", meta }],
    [
      "a page with segments and a postponed part",
      "cache",
      {
        type: "app",
        html: "<p>",
        rsc: "rsc",
        meta: { ...meta, postponed: "postponed" },
        segmentData: { one: "data1", two: "data2" },
      },
    ],
    ["a redirect", "cache", { type: "redirect", props: {} }],
    ["a fetch", "fetch", { kind: "FETCH", data: fetched, revalidate: 60 }],
    [
      'a result of "use cache"',
      "composable",
      { value: "text", tags: [], stale: 30, revalidate: 60, expire: 600, timestamp: 5 },
    ],
  ] as const)("has %s in another isolate as it was set", async (_, kind, value) => {
    const { here, there } = twoIsolates();
    await here.request(async () => {
      await incrementalCache.get("key", kind);
      await incrementalCache.set("key", value, kind);
    });
    const entry = await there.request(() => incrementalCache.get("key", kind));
    expect(entry.value).toEqual(value);
  });

  it("has nothing for an unknown key, for another kind, and during an outage", async () => {
    const { here, there } = twoIsolates();
    await here.render("/a", "v1");
    const get = (key: string, kind?: "fetch") => incrementalCache.get(key, kind);
    expect(await there.request(() => get("/b"))).toBeNull();
    expect(await there.request(() => get("/a", "fetch"))).toBeNull();
    here.upstash.mode = "down";
    expect(await there.request(() => get("/a"))).toBeNull();
  });
});

describe("the tag cache", () => {
  it("finds no purge for tags without one, for no tags, and for 200 tags", async () => {
    const { here } = twoIsolates();
    await here.render("/a", "v1");
    await here.revalidateTag("blue");
    const many = Array.from({ length: 200 }, (_, nth) => `tag-${nth}`);
    const judged = await here.request(async () => {
      const { lastModified } = await incrementalCache.get("/a");
      const of = async (tags: string[]) => [
        await tagCache.hasBeenRevalidated(tags, lastModified),
        await tagCache.isStale(tags, lastModified),
      ];
      return [await of(["green"]), await of([]), await of([...many, ...tagsOfPage])];
    });
    expect(judged).toEqual(Array.from({ length: 3 }, () => [false, false]));
  });

  it("counts a purged page as revalidated and not as stale", async () => {
    const { here } = twoIsolates();
    await here.render("/a", "v1");
    const judged = await here.request(async () => {
      const { lastModified } = await incrementalCache.get("/a");
      await tagCache.writeTags(["red"]);
      return [
        await tagCache.hasBeenRevalidated(tagsOfPage, lastModified),
        await tagCache.isStale(tagsOfPage, lastModified),
      ];
    });
    expect(judged).toEqual([true, false]);
  });
});
