// The HTTP cache on a platform without a Cache API: memory and Redis do what they do elsewhere.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../src/config/schema.ts";
import { FakeClock } from "../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../testing/fakes/fake-upstash.ts";
import { openColos, type Site } from "../testing/site/harness.ts";
import { cc, page, type Script } from "../testing/fakes/origin-in-process.ts";

const bearer = { authorization: "Bearer admin-token-of-site" };

function openTwo(origin: Script, config: ConfigInput = {}): [Site, Site] {
  const clock = new FakeClock();
  const env = { ADMIN_TOKEN: "admin-token-of-site" };
  const options = { clock, upstash: new FakeUpstash(clock), env, origin, config, hasCache: false };
  const [here, there] = openColos(2, options);
  if (here === undefined || there === undefined) throw new Error("There are to be two.");
  return [here, there];
}

const numbered =
  (fields: Record<string, string>, status = 200): Script =>
  (_, nth) =>
    page(`page ${nth}`, fields, status);

async function seenAt(site: Site, headers: Record<string, string> = {}) {
  const { text, cacheStatus } = await site.get("/a", { headers });
  return [text, cacheStatus.replace(/^tidemark; /, "")];
}

const stored = "fwd=uri-miss; fwd-status=200; stored";

describe("without an edge tier", () => {
  it("a response comes from memory, and from Redis where another isolate has stored it", async () => {
    const [here, there] = openTwo(numbered(cc("max-age=60")));
    expect(await seenAt(here)).toEqual(["page 1", stored]);
    expect(await seenAt(here)).toEqual(["page 1", "hit; ttl=60; detail=memory"]);
    expect(await seenAt(there)).toEqual(["page 1", "hit; ttl=60; detail=shared"]);
    expect(await seenAt(there)).toEqual(["page 1", "hit; ttl=60; detail=memory"]);
  });

  it("so does each variant", async () => {
    const vary: Script = ({ headers }) =>
      page(`in ${headers.get("accept-language")}`, cc("max-age=60", { vary: "accept-language" }));
    const [here, there] = openTwo(vary);
    for (const language of ["de", "fr"]) await seenAt(here, { "accept-language": language });
    for (const language of ["de", "fr"]) {
      expect(await seenAt(there, { "accept-language": language })).toEqual([
        `in ${language}`,
        "hit; ttl=60; detail=shared",
      ]);
    }
  });

  it("a purge is seen at once where it was taken, and elsewhere within its bound", async () => {
    const [here, there] = openTwo(numbered(cc("max-age=60", { "cache-tag": "news" })));
    await seenAt(here);
    await seenAt(there);
    const purge = { method: "POST", headers: bearer, body: '{"tags":["news"]}' };
    expect((await here.ask("/_cache/purge", purge)).status).toBe(200);
    // Not waited for: the purge is read back after some seconds.
    expect(await (await here.ask("/a")).text()).toBe("page 2");
    here.clock.advance(10);
    expect(await (await there.ask("/a")).text()).not.toBe("page 1");
  });

  it("a body too large to be held goes to its client, and is not stored", async () => {
    const large = "x".repeat(3_000);
    const [here] = openTwo(() => page(large, cc("max-age=60")), { limits: { bufferBytes: 1_000 } });
    expect((await seenAt(here))[0]).toBe(large);
    expect((await seenAt(here))[0]).toBe(large);
    expect(here.origin.count).toBe(2);
  });

  it("an error waits in memory for its second ask", async () => {
    const [here, there] = openTwo(numbered(cc("max-age=60"), 404));
    await seenAt(here);
    expect((await seenAt(here))[1]).toBe("hit; ttl=60; detail=memory");
    await here.settle();
    expect((await seenAt(there))[1]).toMatch(/detail=shared$/);
  });

  it("what an unsafe request invalidates is asked for anew", async () => {
    const [here] = openTwo(numbered(cc("max-age=60")));
    await seenAt(here);
    await here.get("/a", { method: "POST" });
    expect((await seenAt(here))[0]).toBe("page 3");
    expect(here.log).toEqual([]);
  });

  it("the stats say so, and count nothing there", async () => {
    const [here] = openTwo(numbered(cc("max-age=60")));
    await seenAt(here);
    const { text } = await here.get("/_cache/stats", { headers: bearer });
    const { edge, reads, writes } = JSON.parse(text) as Record<string, object>;
    expect(edge).toBe("none: the platform has no Cache API");
    expect([reads, writes].map((counts) => Object.keys(counts ?? {}).includes("edge"))).toEqual([
      false,
      false,
    ]);
  });
});
