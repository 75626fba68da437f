// Tests a route's changes of header fields: which requests and answers have them, and that no client can
// state a field that the route sets.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { type AskInit, openSite, type Site } from "../../../testing/site/harness.ts";

const headers = {
  set: { "X-Env": "live", "x-api-key": "of-the-site" },
  add: { "x-tag": "b" },
  remove: ["x-debug"],
};
const edits = {
  request: { headers },
  response: {
    headers: {
      set: { "Strict-Transport-Security": "max-age=1" },
      add: { link: "</b>" },
      remove: ["Server"],
    },
  },
} satisfies Partial<NonNullable<ConfigInput["routes"]>[number]>;

const config: ConfigInput = {
  routes: [
    { name: "private", match: "/private/*", bypass: true, ...edits },
    { name: "rest", match: "*", fresh: "1m", staleWhileRevalidate: "1h", ...edits },
  ],
};

const names = ["x-env", "x_env", "x-api-key", "x-tag", "x-debug"];
const seenBy = (site: Site) => names.map((name) => site.origin.last.fields.get(name));
const expected = ["live", null, "of-the-site", "b", null];

const origin: Script = (_, nth) =>
  page(`${nth}`, { server: "secret", link: "</a>", etag: '"1"', ...cc("max-age=60") });

const claims = { "x-env": "test", x_env: "test", "x-api-key": "mine", "x-debug": "1" };

describe("the origin gets the changes", () => {
  it.each<{ of: string; path?: string; init?: AskInit }>([
    { of: "a miss" },
    { of: "a miss of a client that states the fields", init: { headers: claims } },
    { of: "an unsafe request", init: { method: "POST", body: "b", headers: claims } },
    { of: "a route that bypasses", path: "/private/a", init: { headers: claims } },
  ])("in $of", async ({ path = "/a", init = {} }) => {
    const site = openSite({ config, origin });
    await site.get(path, init);
    expect(seenBy(site)).toEqual(expected);
  });

  it("in a refresh, and added lines after the client's own", async () => {
    const site = openSite({ config, origin });
    await site.get("/a", { headers: { "x-tag": "a" } });
    expect(site.origin.last.fields.get("x-tag")).toBe("a, b");
    site.clock.advance(61);
    await site.get("/a", { headers: claims });
    expect(site.origin.asked.length).toBe(2);
    expect(seenBy(site)).toEqual(expected);
  });

  it("as a handler of a bypassing route does", async () => {
    const seen: (string | null)[] = [];
    const handler = async (request: Request) => {
      seen.push(...names.map((name) => request.headers.get(name)));
      return new Response("a");
    };
    await openSite({ config, handlers: { default: handler } }).get("/private/a", {
      headers: claims,
    });
    expect(seen).toEqual(expected);
  });

  it("so that a replaced credential and a removed field split no responses", async () => {
    const script: Script = (_, nth) =>
      page(`${nth}`, { vary: "x-env, x-debug", ...cc("max-age=60") });
    const site = openSite({ config, origin: script });
    await site.get("/a", { headers: claims });
    const other = await site.get("/a", { headers: { "x-env": "b", "x-debug": "2" } });
    expect(other.cacheStatus).toContain("hit; ");
  });
});

describe("a client gets the changes", () => {
  const read = ({ fields }: { readonly fields: Headers }) =>
    ["strict-transport-security", "link", "server"].map((name) => fields.get(name));
  const changed = ["max-age=1", "</a>, </b>", null];

  it("in a miss, a hit, a 304, a range, a HEAD, a stale answer and a bypassed one", async () => {
    const site = openSite({ config, origin });
    const asked: AskInit[] = [
      {},
      {},
      { headers: { "if-none-match": '"1"' } },
      { headers: { range: "bytes=0-0" } },
      { method: "HEAD" },
    ];
    const seen = [];
    for (const init of asked) seen.push(await site.get("/a", init));
    site.clock.advance(61);
    seen.push(await site.get("/a"), await site.get("/private/a"));
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 304, 206, 200, 200, 200]);
    expect(seen.map(read)).toEqual(seen.map(() => changed));
  });

  it("in fields that the origin meant for one client, at a fill and after a 304", async () => {
    const named = `"server, strict-transport-security"`;
    const fields = {
      ...cc(`max-age=60, no-cache=${named}, private=${named}`, { etag: '"1"' }),
      "strict-transport-security": "max-age=2",
      server: "secret",
    };
    const script: Script = ({ headers: asked }) =>
      asked.has("if-none-match")
        ? new Response(null, { status: 304, headers: fields })
        : page("a", fields);
    const site = openSite({ config, origin: script });
    const first = await site.get("/a");
    site.clock.advance(3_661);
    const second = await site.get("/a");
    expect(second.cacheStatus).toContain("fwd-status=304");
    for (const { fields: sent } of [first, second]) {
      expect([sent.get("server"), sent.get("strict-transport-security")]).toEqual([
        null,
        "max-age=1",
      ]);
    }
  });

  it("of a new configuration at once, because they are not stored", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    await openSite({ config, origin, clock, upstash }).get("/a");
    const later = openSite({
      config: { routes: [{ name: "rest", match: "*", fresh: "1m" }] },
      origin,
      clock,
      upstash,
    });
    const seen = await later.get("/a");
    expect(seen.cacheStatus).toContain("hit; ");
    expect(read(seen)).toEqual([null, "</a>", "secret"]);
  });
});
