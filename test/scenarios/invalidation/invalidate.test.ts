// Tests which stored responses an unsafe request invalidates in its colo (RFC 9111 §4.4).
import { describe, expect, it } from "vitest";
import { bearer, openJournalled } from "../../../testing/site/purge-sender.ts";
import { openColos, type Site, until } from "../../../testing/site/harness.ts";
import { cc, closedGate, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";

const post = { method: "POST" };

/** Answers a GET with a numbered page, and an unsafe request with the given status and fields. */
const answering =
  (status = 204, fields: Record<string, string> = {}, ofPages = {}): Script =>
  ({ method, headers }, nth) =>
    method === "GET"
      ? page(`${headers.get("accept-language")} ${nth}`, cc("max-age=600", ofPages))
      : new Response(null, { status, headers: fields });

const siteWith = (status: number, fields?: Record<string, string>): Site =>
  openCounted(answering(status, fields)).near;

const isHit = async (site: Site, path: string) =>
  (await site.get(path)).cacheStatus.includes("; hit");

describe("an answer without an error to an unsafe request", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "PROPPATCH", "LOCK", "query"])(
    "invalidates its URI: %s",
    async (method) => {
      const site = siteWith(204);
      await site.get("/a?x=1");
      await site.get("/a?utm_source=y&x=1", { method });
      site.clock.advance(0.001);
      expect(await isHit(site, "/a?x=1")).toBe(false);
      expect(await isHit(site, "/a?x=1")).toBe(true);
    },
  );

  it.each([
    { id: "location", fields: { location: "/b" } },
    { id: "content-location", fields: { "content-location": "/b" } },
    { id: "absolute", fields: { location: "https://www.example.com/b" } },
    { id: "final-dot", fields: { location: "https://www.example.com./b" } },
  ])("invalidates the URI that a field names: $id", async ({ fields }) => {
    const site = siteWith(201, fields);
    await site.get("/b");
    await site.get("/a", post);
    expect(await isHit(site, "/b")).toBe(false);
  });

  it.each(["https://other.example/b", "http://www.example.com/b"])(
    "keeps a response of another origin that Location names: %s",
    async (location) => {
      const site = siteWith(201, { location });
      await site.get(location);
      await site.get("/a", post);
      expect(await isHit(site, location)).toBe(true);
    },
  );

  it("invalidates its URI if the answer is a redirect", async () => {
    const site = siteWith(303, { location: "/elsewhere" });
    await site.get("/a");
    await site.get("/a", post);
    expect(await isHit(site, "/a")).toBe(false);
  });

  it("invalidates its URI under each host name of the site", async () => {
    const env = { SITE_HOST: "a.example" };
    const [near, far] = openColos(2, { env, origin: answering() }) as [Site, Site];
    // Two isolates of one colo.
    Object.assign(far, { cache: near.cache });
    await near.get("https://a.example/x");
    near.clock.advance(1);
    await near.get("https://b.example/x", post);
    near.clock.advance(1);
    expect(await isHit(far, "https://a.example/x")).toBe(false);
  });
});

describe("a stored response", () => {
  it.each([400, 403, 404, 500, 503])("is kept if an unsafe request fails: %i", async (status) => {
    const site = siteWith(status);
    await site.get("/a");
    await site.get("/a", post);
    expect(await isHit(site, "/a")).toBe(true);
  });

  // Authorization makes GET and HEAD requests bypass the cache, like unsafe requests.
  const safe = ["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH", "QUERY"];
  it.each(safe)("is kept after a safe request: %s", async (method) => {
    const site = siteWith(200);
    await site.get("/a");
    await site.get("/a", { method, headers: { authorization: "Bearer x" } });
    site.clock.advance(0.001);
    expect(await isHit(site, "/a")).toBe(true);
  });
});

describe("an unsafe request", () => {
  const varying = answering(204, {}, { vary: "accept-language" });
  const french = { headers: { "accept-language": "fr" } };
  const german = { headers: { "accept-language": "de" } };

  it.each([
    { id: "in this isolate", config: {}, reader: "near" as const },
    {
      id: "in another isolate that shares the tiers",
      config: { routes: [{ name: "shared", match: "*", tiers: ["shared" as const] }] },
      reader: "far" as const,
    },
  ])("invalidates all variants of its URI: $id", async ({ config, reader }) => {
    const opened = openCounted(varying, config);
    const { clock, near } = opened;
    for (const language of [german, french]) await near.get("/a", language);
    clock.advance(1);
    await near.get("/a", post);
    clock.advance(1);
    await opened[reader].get("/a", german);
    expect((await opened[reader].get("/a", french)).cacheStatus).toContain("fwd=vary-miss");
  });

  it("invalidates a response that a fetch in progress stores later", async () => {
    const gate = closedGate();
    const site = siteWith(204);
    const { script } = site.origin;
    site.origin.script = async (request, nth) => {
      if (nth === 1) await gate.opened;
      return script(request, nth);
    };
    const early = site.ask("/a");
    await until(() => site.origin.count === 1);
    await site.ask("/a", post);
    gate.open();
    await (await early).text();
    await site.settle();
    site.clock.advance(0.001);
    expect(await isHit(site, "/a")).toBe(false);
  });
});

it.each(["edge", "shared"])("a failed removal is counted: %s", async (tier) => {
  const { site, upstash } = openJournalled();
  if (tier === "edge") site.cache.mode = "throws";
  else upstash.mode = "down";
  await site.get("/a", post);
  const { text } = await site.get("/_cache/stats", { headers: bearer });
  expect((JSON.parse(text) as { writes: unknown }).writes).toEqual({
    [tier]: { "not-removed": 1 },
  });
});
