// Tests a purge, a post of the switch, or a client's request while a page is warmed.
import { describe, expect, it } from "vitest";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { read, until } from "../../../testing/site/harness.ts";
import { bearer, send } from "../../../testing/site/purge-sender.ts";
import { callWarm, openWarmSite, toldOf } from "../../../testing/site/warm-site.ts";

/** Opens a site whose first answer waits until `release` is called. */
function openHeld(older: Script = () => page("older", cc("max-age=600", { "cache-tag": "a" }))) {
  const held = Promise.withResolvers<void>();
  const world = openWarmSite({
    origin: async (request, nth) => {
      if (nth > 1) return page("newer", cc("max-age=600", { "cache-tag": "a" }));
      await held.promise;
      return older(request, nth);
    },
  });
  return { ...world, release: () => held.resolve() };
}

describe("a page that is being warmed", () => {
  it.each([
    { id: "tag", order: { tags: ["a"] } },
    { id: "url", order: { urls: ["https://www.example.com/a"] } },
    { id: "everything", order: { everything: true } },
    { id: "soft", order: { tags: ["a"], mode: "soft" } },
  ])("does not answer as fresh after a purge in the meantime: $id", async ({ order }) => {
    const { near, far, release } = openHeld();
    const warming = callWarm(near, { pages: ["/a"] });
    await until(() => near.origin.count === 1);
    expect((await send(near, order)).status).toBe(200);
    release();
    await warming;
    for (const site of [near, far]) {
      const { text, cacheStatus } = await read(await site.ask("/a"));
      const isFresh = cacheStatus.includes("; hit;") && !cacheStatus.includes("ttl=-");
      expect([text, isFresh]).not.toEqual(["older", true]);
    }
    await until(() => near.origin.count > 1);
    for (const site of [near, far]) {
      expect((await read(await site.ask("/a"))).text).toBe("newer");
    }
  });

  it("is not stored if the switch is posted meanwhile", async () => {
    const { near, release, upstash } = openHeld();
    const warming = callWarm(near, { pages: ["/a"] });
    await until(() => near.origin.count === 1);
    const body = '{"bypass":true}';
    await near.ask("/_cache/switch", { method: "POST", body, headers: bearer });
    release();
    expect(toldOf(await warming).done).toMatchObject([{ result: "not-stored", status: 200 }]);
    expect(upstash.keys.filter((key) => key.includes(":r:"))).toEqual([]);
  });

  it("also answers a client's concurrent request", async () => {
    const { near, release } = openHeld();
    const warming = callWarm(near, { pages: ["/a"] });
    await until(() => near.origin.count === 1);
    const asking = near.get("/a");
    release();
    const [{ text, cacheStatus }] = [await asking, await warming];
    expect([text, near.origin.count]).toEqual(["older", 1]);
    expect(cacheStatus).toContain("collapsed");
  });

  it("comes from a client's earlier request if that request is in progress", async () => {
    const { near, release } = openHeld();
    const asking = near.get("/a");
    await until(() => near.origin.count === 1);
    const warming = callWarm(near, { pages: ["/a"] });
    release();
    await asking;
    expect(toldOf(await warming).done).toEqual([{ page: "/a", result: "already" }]);
    expect(near.origin.count).toBe(1);
  });
});
