// Tests the request field Tidemark-Debug. With the token, the response contains its explanation.
// Without the token, the field has no effect.
import { describe, expect, it } from "vitest";
import type { Explanation } from "../../../../src/protocol/explain-answer.ts";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { explainToken } from "../../../../testing/site/explained.ts";
import { openSite, type Seen, type SiteOptions } from "../../../../testing/site/harness.ts";

const fields = {
  "cache-control": "max-age=60",
  "cdn-cache-control": "max-age=90",
  vary: "tidemark-debug",
};
const debug = { "tidemark-debug": explainToken };

const open = (options: SiteOptions = {}) =>
  openSite({
    origin: () => new Response("page", { headers: fields }),
    env: { ADMIN_TOKEN: explainToken },
    ...options,
  });

const told = ({ fields: got }: Seen) =>
  JSON.parse(got.get("tidemark-explain") ?? "null") as Explanation & { cacheControl: string };

describe("a response to Tidemark-Debug with the token", () => {
  it("contains an explanation that agrees with its Cache-Status", async () => {
    const site = open();
    const miss = await site.get("/a", { headers: debug });
    expect(told(miss).cacheStatus).toBe("tidemark; fwd=uri-miss");
    expect(miss.cacheStatus).toContain("fwd=uri-miss; fwd-status=200; stored");
    const hit = await site.get("/a", { headers: debug });
    expect(hit.text).toBe("page");
    expect(told(hit).cacheStatus).toBe(hit.cacheStatus);
    expect(told(hit).look?.tiers[0]?.copy?.ageSeconds).toBe(0);
  });

  it("says that the request reads the journal first, because the view is old", async () => {
    const clock = new FakeClock();
    const site = open({ clock, upstash: new FakeUpstash(clock) });
    await site.get("/a");
    const toldOn = async (url: string) => told(await site.get(url, { headers: debug })).look;
    expect((await toldOn("/none"))?.isDoubtSettledFirst).toBe(false);
    clock.advance(20);
    expect((await toldOn("/none-either"))?.isDoubtSettledFirst).toBe(true);
  });

  it("is not storable for others, and names the Cache-Control that others get", async () => {
    const config = { cacheInFront: true } as unknown as ConfigInput;
    const site = open({ config });
    const plain = await site.get("/a");
    const seen = await site.get("/a", { headers: debug });
    expect(seen.fields.get("cache-control")).toBe("private, no-store");
    expect(plain.fields.get("cdn-cache-control")).toBe("max-age=90");
    expect(seen.fields.get("cdn-cache-control")).toBeNull();
    expect(told(seen).cacheControl).toBe(plain.fields.get("cache-control"));
  });

  it.each([
    { id: "304", init: { headers: { ...debug, "if-none-match": '"1"' } }, status: 304 },
    { id: "HEAD", init: { method: "HEAD", headers: debug }, status: 200 },
    { id: "POST", init: { method: "POST", body: "sent", headers: debug }, status: 200 },
  ])("contains an explanation for each kind of request: $id", async ({ init, status }) => {
    const headers = { "cache-control": "max-age=60", etag: '"1"' };
    const site = open({ origin: () => new Response("page", { headers }) });
    await site.get("/a");
    const seen = await site.get("/a", init);
    expect(seen.status).toBe(status);
    expect(told(seen).handling).toBe(init.method === "POST" ? "passed-by" : "looked-up");
  });

  it("contains ASCII that names the members left out for their length", async () => {
    const tags = Array.from({ length: 900 }, (_, nth) => `tag-${nth}`).join(",");
    const headers = { "cache-control": "max-age=60", "cache-tag": tags };
    const site = open({ origin: () => new Response("page", { headers }) });
    await site.get("/a");
    const seen = await site.get("/a", { headers: { ...debug, "x-a": "é" } });
    expect(seen.fields.get("tidemark-explain")).toMatch(/^[ -~]{1,6144}$/);
    expect(told(seen)).toMatchObject({ leftOut: ["request", "look"] });
    expect(told(seen).cacheStatus).toBe(seen.cacheStatus);
  });
});

describe("the request field Tidemark-Debug", () => {
  const keyed = { name: "all", match: "*", key: { headers: ["tidemark-debug"] } };
  const config = { routes: [keyed] } as unknown as ConfigInput;

  it.each([
    { id: "right", token: explainToken },
    { id: "wrong", token: "wrong" },
    { id: "empty", token: "" },
    { id: "longer", token: `${explainToken}x` },
  ])("is neither forwarded nor used for keys, with a token that is $id", async ({ token }) => {
    const site = open({ config });
    await site.get("/a", { headers: { "tidemark-debug": token } });
    await site.get("/b", { method: "POST", headers: { "tidemark-debug": token } });
    for (const { fields: got } of site.origin.asked) expect(got.has("tidemark-debug")).toBe(false);
    const plain = await site.get("/a");
    expect(plain.cacheStatus).toBe("tidemark; hit; ttl=90; detail=memory");
    expect(plain.head).not.toContain("tidemark-explain");
  });

  it.each([
    { id: "a wrong token", env: { ADMIN_TOKEN: explainToken }, token: "wrong" },
    { id: "no token is set", env: {}, token: "" },
    { id: "an unusable token is set", env: { ADMIN_TOKEN: "short" }, token: "short" },
  ])("does not change the response without the right token: $id", async ({ env, token }) => {
    const [one, other] = [open({ env }), open({ env })];
    for (const path of ["/a", "/a"]) {
      const withField = await one.get(path, { headers: { "tidemark-debug": token } });
      const without = await other.get(path);
      expect(withField.head).toBe(without.head);
    }
  });
});
