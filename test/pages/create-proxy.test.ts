// Tests the HTTP cache on a platform without a Cache API. It has only memory and Redis.
import { expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { openColos, type Site } from "../../testing/site/harness.ts";
import { cc, page, type Script } from "../../testing/fakes/origin-in-process.ts";
import { adminToken, bearer, send } from "../../testing/site/purge-sender.ts";

function openTwo(origin: Script, config: ConfigInput = {}): [Site, Site] {
  const clock = new FakeClock();
  const env = { ADMIN_TOKEN: adminToken };
  const options = { clock, upstash: new FakeUpstash(clock), env, origin, config, hasCache: false };
  return openColos(2, options) as [Site, Site];
}

const numbered =
  (fields = cc("max-age=60"), status = 200): Script =>
  (_, nth) =>
    page(`page ${nth}`, fields, status);

async function seenAt(site: Site, headers: Record<string, string> = {}) {
  const { text, cacheStatus } = await site.get("/a", { headers });
  return [text, cacheStatus.replace(/^tidemark; /, "")];
}

it("serves a response from memory, and in another isolate from Redis", async () => {
  const [here, there] = openTwo(numbered());
  expect(await seenAt(here)).toEqual(["page 1", "fwd=uri-miss; fwd-status=200; stored"]);
  expect(await seenAt(here)).toEqual(["page 1", "hit; ttl=60; detail=memory"]);
  expect(await seenAt(there)).toEqual(["page 1", "hit; ttl=60; detail=shared"]);
  expect(await seenAt(there)).toEqual(["page 1", "hit; ttl=60; detail=memory"]);
});

it("applies a purge at once in the isolate that accepted it, and elsewhere within N", async () => {
  const [here, there] = openTwo(numbered(cc("max-age=60", { "cache-tag": "news" })));
  for (const site of [here, there]) await seenAt(site);
  expect((await send(here, { tags: ["news"] })).status).toBe(200);
  expect((await seenAt(here))[0]).toBe("page 2");
  here.clock.advance(10);
  expect((await seenAt(there))[0]).not.toBe("page 1");
});

it("sends a body larger than the buffer to its client, and does not store it", async () => {
  const large = "x".repeat(3_000);
  const [here] = openTwo(() => page(large, cc("max-age=60")), { limits: { bufferBytes: 1_000 } });
  for (const _ of ["first", "second"]) expect((await seenAt(here))[0]).toBe(large);
  expect(here.origin.count).toBe(2);
});

it("stores a 404 in memory, and in Redis after its second request", async () => {
  const [here, there] = openTwo(numbered(cc("max-age=60"), 404));
  await seenAt(here);
  expect((await seenAt(here))[1]).toBe("hit; ttl=60; detail=memory");
  expect((await seenAt(there))[1]).toMatch(/detail=shared$/);
});

it("forwards a request for an invalidated page", async () => {
  const [here] = openTwo(numbered());
  await seenAt(here);
  await here.get("/a", { method: "POST" });
  expect((await seenAt(here))[0]).toBe("page 3");
  expect(here.log).toEqual([]);
});

it("says in the stats that no edge tier exists, and has no counts for it", async () => {
  const [here] = openTwo(numbered());
  await seenAt(here);
  const { text } = await here.get("/_cache/stats", { headers: bearer });
  const { edge, reads, writes } = JSON.parse(text) as Record<string, object>;
  expect(edge).toBe("none: the platform has no Cache API");
  for (const counts of [reads, writes]) expect(counts).not.toHaveProperty("edge");
});
