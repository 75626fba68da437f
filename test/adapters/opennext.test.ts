// Tests `tidemark/opennext` without Next.js: requests of several isolates, purges during renders, revalidations, and outages.
import { describe, expect, it, vi } from "vitest";
import "../../testing/fakes/workers-globals.ts";
import { openNextOverrides, purge, withTidemark } from "../../src/adapters/opennext.ts";
import { defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { idle, until } from "../../testing/site/harness.ts";
import { purgeOthers } from "../../testing/site/purges-of-others.ts";
import { hard, OpenNextIsolate, pageOf, soft, tagsOfPage, twoIsolates } from "./opennext-world.ts";
import { upstash } from "../../src/upstash.ts";

openNetworkOfFakes();

const { incrementalCache, tagCache, queue } = openNextOverrides();

describe("a page", () => {
  it("answers all isolates, from memory without a request and with copies", async () => {
    const { here, there } = twoIsolates();
    await here.render("/a", "v1");
    expect([await here.read("/a"), await there.read("/a")]).toEqual(["v1", "v1"]);
    const before = here.upstash.requestCount;
    await here.request(async () => {
      const entry = await incrementalCache.get("/a");
      delete entry.value.meta.headers["x-next-cache-tags"];
      expect(await tagCache.hasBeenRevalidated(tagsOfPage, entry.lastModified)).toBe(false);
    });
    expect(await here.read("/a")).toBe("v1");
    expect(here.upstash.requestCount).toBe(before);
    const again = await here.request(() => incrementalCache.get("/a"));
    expect(again.value.meta.headers["x-next-cache-tags"]).toContain("red");
  });

  it.each(["red", "_N_T_/a", hard, { ...soft, expire: 60_000 }])(
    "ends everywhere after the purge %j",
    async (write) => {
      const { here, there } = twoIsolates();
      await here.render("/a", "v1");
      await there.read("/a");
      await here.revalidateTag(write);
      expect(await here.read("/a")).toBe("miss");
      here.clock.advance(10);
      expect(await there.read("/a")).toBe("miss");
    },
  );

  it.each(["_N_T_/a,b", "_N_T_/a%2Cb", "_N_T_/a,b/page", "one,two"])(
    "whose path and tags have commas ends after the purge %s, and no other page",
    async (tag) => {
      const { here, there } = twoIsolates();
      await here.render("/a", "other");
      const tags = "_N_T_/layout,_N_T_/a,b/page,_N_T_/a,b,one,two";
      const rendered = { ...pageOf("v1"), meta: { headers: { "x-next-cache-tags": tags } } };
      await here.request(async () => {
        await incrementalCache.get("/a,b");
        await incrementalCache.set("/a,b", rendered);
      });
      await there.revalidateTag(tag);
      expect(await there.request(() => incrementalCache.get("/a,b"))).toBeNull();
      expect(await there.read("/a")).toBe("other");
    },
  );

  it.each([soft, { tag: "red", stale: 0 }])("is stale after the soft purge %j", async (write) => {
    const { here, there } = twoIsolates();
    await here.render("/a", "v1");
    await there.read("/a");
    await here.revalidateTag(write);
    here.clock.advance(10);
    expect([await here.read("/a"), await there.read("/a")]).toEqual(["stale v1", "stale v1"]);
    await here.render("/a", "v2");
    expect([await here.read("/a"), await there.read("/a")]).toEqual(["v2", "v2"]);
    here.clock.advance(86_400);
    expect(await there.read("/a")).not.toContain("v1");
  });

  it("has a newer version in another isolate that had its older one in memory", async () => {
    const { here, there } = twoIsolates();
    await here.render("/a", "v1");
    await there.read("/a");
    here.clock.advance(61);
    await here.render("/a", "v2");
    expect(await there.read("/a")).toBe("v2");
  });

  it("is deleted", async () => {
    const { here, there } = twoIsolates();
    await here.render("/a", "v1");
    await there.read("/a");
    await here.request(() => incrementalCache.delete("/a"));
    here.clock.advance(10);
    expect([await here.read("/a"), await there.read("/a")]).toEqual(["miss", "miss"]);
  });

  it.each([
    { id: "build", name: "OPEN_NEXT_BUILD_ID" },
    { id: "application, even if another has an equal build id", name: "NEXT_PREVIEW_MODE_ID" },
  ])("belongs to its $id", async ({ name }) => {
    const { here } = twoIsolates();
    vi.stubEnv(name, "one");
    await here.render("/a", "v1");
    vi.stubEnv(name, "two");
    expect(await here.read("/a")).toBe("miss");
    vi.unstubAllEnvs();
  });
});

describe("a purge during a render", () => {
  it.each(["here", "there"] as const)("of %s covers the page", async (where) => {
    const isolates = twoIsolates();
    const { here, there } = isolates;
    await here.render("/a", "old", async () => {
      await isolates[where].revalidateTag("red");
      // A second lookup of the same request, after the purge.
      await incrementalCache.get("/a");
    });
    here.clock.advance(10);
    expect(["miss", "revalidated"]).toContain(await here.read("/a"));
    expect(["miss", "revalidated"]).toContain(await there.read("/a"));
  });

  it("covers a page that was revalidated without a lookup", async () => {
    const { here, there } = twoIsolates();
    await here.request(async () => {
      await there.revalidateTag("red");
      here.clock.advance(10);
      await incrementalCache.get("/other");
      await incrementalCache.set("/a", pageOf("old"));
    });
    expect(["miss", "revalidated"]).toContain(await here.read("/a"));
    expect(["miss", "revalidated"]).toContain(await there.read("/a"));
  });

  it("does not end a page that another request has rendered since", async () => {
    const { here, there } = twoIsolates();
    await here.render("/a", "old", async () => {
      await there.revalidateTag("red");
      here.clock.advance(10);
      await there.render("/a", "new");
    });
    expect(await there.read("/a")).toBe("new");
    expect(["miss", "revalidated", "new"]).toContain(await here.read("/a"));
  });
});

it("a purge covers a page that Next.js stores again after failed renders, without the tags that OpenNext removes", async () => {
  const { here, there } = twoIsolates();
  await here.render("/a", "v1");
  for (const _ of ["first", "second"]) {
    await here.request(async () => {
      const { value } = (await incrementalCache.get("/a")) as { value: ReturnType<typeof pageOf> };
      const { "x-next-cache-tags": _removed, ...headers } = value.meta.headers;
      await incrementalCache.set("/a", { ...value, meta: { headers } });
    });
  }
  expect(await there.read("/a")).toBe("v1");
  await there.revalidateTag("red");
  here.clock.advance(10);
  expect(["miss", "revalidated"]).toContain(await here.request(() => withoutTags("/a")));
  expect(["miss", "revalidated"]).toContain(await there.request(() => withoutTags("/a")));
});

it("a page that is stored twice without its tags has those of the newest render", async () => {
  const { here, there } = twoIsolates();
  await here.render("/a", "v1");
  await here.request(async () => {
    await incrementalCache.get("/a");
    const page = pageOf("v2");
    page.meta.headers["x-next-cache-tags"] = "green";
    await incrementalCache.set("/a", page);
    await incrementalCache.set("/a", { ...page, meta: { headers: {} as never } });
  });
  await there.revalidateTag("green");
  here.clock.advance(10);
  expect(await here.request(() => incrementalCache.get("/a"))).toBeNull();
});

/** Reads as OpenNext does: judges a page by the tags in its value, which may be none. */
async function withoutTags(key: string) {
  const entry = await incrementalCache.get(key);
  if (entry === null) return "miss";
  const named: string = entry.value.meta.headers["x-next-cache-tags"] ?? "";
  const tags = named === "" ? [] : named.split(",");
  return (await tagCache.hasBeenRevalidated(tags, entry.lastModified)) ? "revalidated" : "found";
}

it("a revalidation without a lookup replaces the page of a minute ago", async () => {
  const { here, there } = twoIsolates();
  await here.render("/a", "v1");
  here.clock.advance(5);
  await there.request(() => incrementalCache.set("/a", pageOf("v2")));
  expect(await new OpenNextIsolate(here).read("/a")).toBe("v2");
});

describe("a fetch", () => {
  const value = { kind: "FETCH", data: { body: "v1" }, tags: ["blue"], revalidate: 60 };

  it.each(["blue", "_N_T_/page"])("ends by the purge of %s", async (tag) => {
    const { here, there } = twoIsolates();
    await here.request(async () => {
      await incrementalCache.get("f", "fetch");
      await incrementalCache.set("f", value, "fetch");
    });
    expect(await there.read("f", "fetch", ["_N_T_/page"])).toBe("v1");
    await here.revalidateTag(tag);
    here.clock.advance(10);
    expect(["miss", "revalidated"]).toContain(await there.read("f", "fetch", ["_N_T_/page"]));
    expect(await there.read("f", "fetch", ["_N_T_/other"])).toBe(tag === "blue" ? "miss" : "v1");
    await purgeOthers(here, 1_200);
    here.clock.advance(10);
    const third = new OpenNextIsolate(here);
    expect(await third.read("f", "fetch", ["_N_T_/other"])).toBe(tag === "blue" ? "miss" : "v1");
    expect(["miss", "revalidated"]).toContain(await third.read("f", "fetch", ["_N_T_/page"]));
  });

  it("has tags of over 256 bytes", async () => {
    const { here } = twoIsolates();
    const long = "ü".repeat(200);
    await here.request(() => incrementalCache.set("f", { ...value, tags: [long] }, "fetch"));
    expect(await here.request(() => incrementalCache.get("f", "fetch"))).not.toBeNull();
    await here.revalidateTag(long);
    expect(await here.request(() => incrementalCache.get("f", "fetch"))).toBeNull();
  });
});

describe('a result of "use cache"', () => {
  const result = { value: "v1", tags: ["blue"], timestamp: 1_000, revalidate: 60, expire: 90 };
  const key = "c";

  async function stored() {
    const isolates = twoIsolates();
    await isolates.here.request(async () => {
      await incrementalCache.get(key, "composable");
      await incrementalCache.set(key, result, "composable");
    });
    return isolates;
  }

  it("ends by its tags, and after its own lifetime", async () => {
    const { here, there } = await stored();
    const get = () => there.request(() => incrementalCache.get(key, "composable"));
    expect((await get()).value).toEqual(result);
    here.clock.advance(91);
    expect(await get()).toBeNull();
    const again = await stored();
    await again.here.revalidateTag("blue");
    again.here.clock.advance(10);
    const seen = await again.there.request(() => incrementalCache.get(key, "composable"));
    expect(seen).toBeNull();
  });

  it("ends by the tags of its page, which OpenNext names after the first lookup", async () => {
    const { here, there } = await stored();
    await here.revalidateTag("_N_T_/a");
    here.clock.advance(10);
    const seen = await there.request(async () => {
      const first = await incrementalCache.get(key, "composable");
      const untilMs = await tagCache.getLastRevalidated(["_N_T_/a"]);
      return [first?.value.timestamp, untilMs, await incrementalCache.get(key, "composable")];
    });
    expect(seen).toEqual([1_000, 1_000, null]);
    const other = await there.request(async () => {
      await incrementalCache.get(key, "composable");
      return tagCache.getLastRevalidated(["_N_T_/b"]);
    });
    expect(other).toBe(0);
  });

  it("ends by the tags of its page, also if they become known while Redis is read", async () => {
    const { here, there } = twoIsolates();
    for (const [name, timestamp] of [
      ["in memory", 1_000],
      ["in Redis", 2_000],
    ] as const) {
      await here.request(async () => {
        await incrementalCache.get(name, "composable");
        await incrementalCache.set(name, { ...result, timestamp }, "composable");
      });
    }
    const get = (name: string) => incrementalCache.get(name, "composable");
    await there.request(() => get("in memory"));
    await here.revalidateTag("_N_T_/a");
    here.clock.advance(10);
    await there.request(() => get("absent"));
    // Next.js asks for the expiration of the page's tags once, when the first result arrives.
    const used = await there.request(async () => {
      let untilMs: Promise<number> | undefined;
      const isUsed = async (name: string) => {
        const entry = await get(name);
        if (entry === null) return false;
        untilMs ??= tagCache.getLastRevalidated(["_N_T_/a"]);
        return entry.value.timestamp > (await untilMs);
      };
      return Promise.all(["in memory", "in Redis"].map(isUsed));
    });
    expect(used).toEqual([false, false]);
  });

  it.each([
    { purged: [], untilMs: 0, again: "v1" },
    { purged: ["_N_T_/a"], untilMs: 1_000, again: undefined },
  ])("behind 1,200 purges, ends only by a tag of its page: $purged", async (given) => {
    const { here, there } = await stored();
    for (const tag of given.purged) await here.revalidateTag(tag);
    await purgeOthers(here, 1_200);
    here.clock.advance(20);
    const seen = await there.request(async () => {
      const first = await incrementalCache.get(key, "composable");
      const before = here.upstash.requestCount;
      const untilMs = await tagCache.getLastRevalidated(["_N_T_/a"]);
      const asked = here.upstash.requestCount - before;
      const again = await incrementalCache.get(key, "composable");
      return [first?.value.value, asked, untilMs, again?.value.value];
    });
    expect(seen).toEqual(["v1", 0, given.untilMs, given.again]);
  });
});

it("a value that this request did not look up counts as revalidated", async () => {
  const { here } = twoIsolates();
  await here.render("/a", "v1");
  const lastModified = await here.request(
    async () => (await incrementalCache.get("/a")).lastModified,
  );
  const judged = await here.request(() => tagCache.hasBeenRevalidated(["red"], lastModified));
  expect(judged).toBe(true);
});

describe("the queue", () => {
  const message = {
    MessageDeduplicationId: "id",
    MessageBody: { host: "www.example.com", url: "/a", lastModified: 1, eTag: "" },
    MessageGroupId: "",
  };

  it("renders a page once for all isolates, and not while the client waits", async () => {
    const { here, there } = twoIsolates();
    const gate = Promise.withResolvers<Response>();
    here.answer = () => gate.promise;
    vi.stubEnv("NEXT_PREVIEW_MODE_ID", "secret");
    for (const isolate of [here, here, there]) await isolate.request(() => queue.send(message));
    vi.unstubAllEnvs();
    await until(() => here.revalidated.length === 1);
    gate.resolve(new Response(null, { headers: { "x-nextjs-cache": "REVALIDATED" } }));
    await idle();
    expect([here.revalidated.length, there.revalidated.length]).toEqual([1, 0]);
    const [request] = here.revalidated;
    expect(request?.url).toBe("https://www.example.com/a");
    expect(request?.method).toBe("HEAD");
    expect(request?.headers.get("x-prerender-revalidate")).toBe("secret");
  });

  it("logs a failed render, and tries again", async () => {
    const { here } = twoIsolates();
    const failures = () => here.logged.filter((line) => line.includes("status 500")).length;
    here.answer = async () => new Response(null, { status: 500 });
    await here.request(() => queue.send(message));
    await until(() => failures() === 1);
    await here.request(() => queue.send(message));
    await until(() => here.revalidated.length === 2);
    await until(() => here.logged.length >= 2);
    expect(failures()).toBe(2);
  });
});

describe("without Redis", () => {
  it("renders continue, and purges reject and are logged", async () => {
    const { here } = twoIsolates();
    here.upstash.mode = "down";
    await here.render("/a", "v1");
    expect(await here.read("/a")).toBe("v1");
    await expect(here.revalidateTag("red")).rejects.toThrow("The purge was not accepted");
    const swallowed = () => tagCache.writeTags(["red"]).catch(() => undefined);
    expect((await here.ask(swallowed, "POST")).status).toBe(503);
    expect((await here.ask(async () => undefined, "POST")).status).toBe(200);
    expect(here.logged.join()).toContain("A purge by Next.js has failed");
    const own = here.request(() => purge({ tags: ["red"] }));
    await expect(own).rejects.toThrow("The purge was not accepted");
  });
});

it("outside of a wrapped Worker, finds nothing, stores nothing, and says so", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await incrementalCache.get("/a")).toBeNull();
  expect(await tagCache.hasBeenRevalidated(["red"], 1)).toBe(true);
  await incrementalCache.set("/a", pageOf("v1"));
  expect(log.mock.calls.flat().join()).toContain("withTidemark(worker, config, { stores })");
  await expect(tagCache.writeTags(["red"])).rejects.toThrow("is not open");
  log.mockRestore();
});

it("refuses to run without stores, and says which to pass", () => {
  const worker = { fetch: () => Promise.resolve(new Response()) };
  const none = {} as { stores: ReturnType<typeof upstash> };
  expect(() => withTidemark(worker, defineConfig({}), none)).toThrow(
    "Pass { stores: durableObjects() }",
  );
});

it("refuses a configuration with settings that it does not read", () => {
  const worker = { fetch: async () => new Response() };
  const wrapped = (written: WrittenConfig) => () =>
    withTidemark(worker, defineConfig(written), { stores: upstash() });
  const read: WrittenConfig = { namespace: "shop", limits: { variants: 5 }, purge: {} };
  expect(wrapped(read)).not.toThrow();
  const others: WrittenConfig = {
    routes: [{ name: "a", match: "/a" }],
    parts: [{ kind: "site", name: "operate", contents: {} }],
    metrics: "off",
  };
  expect(wrapped({ ...read, ...others })).toThrow(Object.keys(others).join(", "));
  for (const [name, value] of Object.entries(others)) {
    expect(wrapped({ [name]: value })).toThrow(`these are also set: ${name}.`);
  }
});
