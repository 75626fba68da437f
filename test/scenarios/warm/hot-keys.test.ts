// Which hits are counted, what is noted of their keys, and how it is told: bounded, once a minute,
// in one command.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { heat, hotKeyCounts, openHotSite } from "../../../testing/site/hot-site.ts";

const url = (path: string) => `https://www.example.com${path}`;

describe("a report", () => {
  it("is one command, once a minute, and only when something was counted", async () => {
    const { colos, upstash, clock, told } = openHotSite();
    const [site] = colos;
    await site.get("/a");
    clock.advance(300);
    await site.get("/a");
    await site.get("/a");
    expect(upstash.hotCommands).toEqual([]);
    clock.advance(59.9);
    await site.get("/a");
    expect(upstash.hotCommands).toEqual([]);
    clock.advance(0.1);
    await site.get("/a");
    expect(upstash.hotCommands.map(([name]) => name)).toEqual(["XADD"]);
    expect(told()).toMatchObject([{ url: url("/a"), count: 3 }]);
    await site.get("/a");
    clock.advance(59);
    await site.get("/a");
    expect(upstash.hotCommands).toHaveLength(1);
    expect(await hotKeyCounts(site)).toMatchObject({ sampled: 5, flushed: 1 });
  });

  it("names the stream and bounds it", async () => {
    const { colos, upstash } = openHotSite({ config: { namespace: "news" } });
    await heat(colos[0], ["/a"]);
    const [name, key, ...rest] = upstash.hotCommands[0]!.map(String);
    expect([name, key, ...rest.slice(0, -1)]).toEqual(
      "XADD news:hot MAXLEN ~ 256 * v 1 top".split(" "),
    );
  });

  it("holds the sixteen hottest, the hottest first", async () => {
    const { colos, told } = openHotSite();
    const paths = Array.from({ length: 20 }, (_, at) => `/${at}`);
    for (const path of paths) await colos[0].get(path);
    for (const path of paths) await colos[0].get(path);
    await heat(colos[0], ["/19"]);
    expect(told()).toHaveLength(16);
    expect(told()[0]).toMatchObject({ url: url("/19"), count: 5 });
  });

  it("is at most 8 KiB, whatever the keys are", async () => {
    const { colos, upstash, told } = openHotSite();
    const paths = Array.from({ length: 12 }, (_, at) => `/${at}?q=${"%C3%BC".repeat(300)}`);
    await heat(colos[0], paths);
    const top = String(upstash.hotCommands[0]?.at(-1));
    expect(new TextEncoder().encode(top).length).toBeLessThanOrEqual(8_192);
    expect(told()).toHaveLength(4);
  });

  it("is of 256 keys at the most, the ones asked for last", async () => {
    const { colos, clock, told } = openHotSite();
    await colos[0].get("/first");
    for (let asked = 0; asked < 5; asked += 1) await colos[0].get("/first");
    for (let at = 0; at < 256; at += 1) {
      await colos[0].get(`/${at}`);
      await colos[0].get(`/${at}`);
    }
    clock.advance(60);
    await colos[0].get("/0");
    expect(told().map(({ count }) => count)).toEqual([2, ...Array.from({ length: 15 }, () => 1)]);
  });

  it("that Redis does not take is dropped, and delays nobody", async () => {
    const { colos, upstash, clock, told } = openHotSite({
      config: { routes: [{ name: "all", match: "*", whenUnreachable: "serve" }] },
    });
    await colos[0].get("/a");
    await colos[0].get("/a");
    upstash.mode = "refuses";
    clock.advance(60);
    expect((await colos[0].get("/a")).cacheStatus).toContain("; hit");
    upstash.mode = "works";
    await colos[0].get("/a");
    expect(told()).toEqual([]);
    expect(await hotKeyCounts(colos[0])).toMatchObject({ sampled: 3, flushed: 0 });
  });
});

describe("nothing is counted or told", () => {
  it("while it is off", async () => {
    const { colos, upstash } = openHotSite({ config: { hotKeys: 0 } });
    await heat(colos[0], ["/a"]);
    expect(upstash.hotCommands).toEqual([]);
    expect(await hotKeyCounts(colos[0])).toBe("off");
  });

  it("of a hit that is not sampled", async () => {
    const { colos, upstash } = openHotSite({ random: 1 / 16 });
    await heat(colos[0], ["/a"]);
    expect(upstash.hotCommands).toEqual([]);
    expect(await hotKeyCounts(colos[0])).toMatchObject({ sampled: 0 });
  });
});

describe("what is noted of a key", () => {
  const rows: {
    id: string;
    config?: ConfigInput;
    fields?: Record<string, string>;
    headers?: Record<string, string>;
    note: object;
  }[] = [
    { id: "its URL", note: { fields: [], cookie: "" } },
    {
      id: "selecting fields",
      fields: { vary: "Accept-Language, X-Plan, Accept-Encoding" },
      headers: { "accept-language": "DE", "user-agent": "Ada's", "x-other": "1" },
      note: {
        fields: [
          ["accept-encoding", "identity"],
          ["accept-language", "de"],
        ],
      },
    },
    {
      id: "key headers and cookies",
      config: {
        routes: [{ name: "all", match: "*", key: { headers: ["X-Plan"], cookies: ["currency"] } }],
      },
      headers: { "x-plan": "gold", cookie: "_ga=1; currency=EUR" },
      note: { fields: [["x-plan", "gold"]], cookie: "currency=EUR" },
    },
    {
      id: "the country, where the route keys by it",
      config: { routes: [{ name: "all", match: "*", key: { headers: ["cf-ipcountry"] } }] },
      headers: { "cf-ipcountry": "DE", "cf-connecting-ip": "192.0.2.7" },
      note: { fields: [["cf-ipcountry", "DE"]] },
    },
    {
      id: "nothing that the Worker sets itself",
      fields: { vary: "X-Forwarded-Proto, X-Forwarded-Host, Surrogate-Capability" },
      note: { fields: [] },
    },
  ];

  it.each(rows)("$id", async ({ config, fields = {}, headers = {}, note }) => {
    const origin = () => page("page", cc("max-age=600", fields));
    const { colos, told, clock } = openHotSite({ origin, ...(config && { config }) });
    const filledAtMs = clock.atMs;
    await heat(colos[0], ["/a?utm_source=x&b=1&a=2"], { headers });
    const noted = { url: url("/a?a=2&b=1"), expiresAtMs: filledAtMs + 600_000, count: 3, ...note };
    expect(told()).toMatchObject([noted]);
    expect(JSON.stringify(told())).not.toMatch(/192\.0\.2\.7|_ga|Ada/);
  });

  it("the expiry of what was seen last", async () => {
    const { colos, clock, told } = openHotSite({ origin: () => page("page", cc("max-age=70")) });
    await colos[0].get("/a");
    await colos[0].get("/a");
    clock.advance(70);
    await colos[0].get("/a");
    await colos[0].get("/a");
    expect(told()).toMatchObject([{ expiresAtMs: clock.atMs + 70_000 }]);
  });
});

describe("nothing is noted of", () => {
  const rows: {
    id: string;
    fields?: Record<string, string>;
    status?: number;
    text?: string;
    config?: ConfigInput;
    headers?: Record<string, string>;
    method?: string;
  }[] = [
    { id: "too short a lifetime", fields: cc("max-age=59") },
    { id: "what had too little of it left", fields: cc("max-age=600", { age: "541" }) },
    {
      id: "what is always validated",
      fields: cc("max-age=600, no-cache, stale-while-revalidate=600", { etag: '"1"' }),
    },
    { id: "an error", fields: cc("max-age=600"), status: 404 },
    {
      id: "a session",
      fields: cc("public, max-age=600"),
      headers: { cookie: "session=ada" },
    },
    { id: "HEAD", method: "HEAD" },
    {
      id: "a route without the shared tier",
      config: { routes: [{ name: "near", match: "*", tiers: ["memory", "edge"] }] },
    },
    {
      id: "a body too large for it",
      config: { limits: { sharedBodyBytes: 10 } },
      text: "x".repeat(11),
    },
    {
      id: "a variant for one address",
      fields: cc("max-age=600", { vary: "x-forwarded-for" }),
      headers: { "cf-connecting-ip": "192.0.2.7" },
    },
    {
      id: "an address as key",
      config: { routes: [{ name: "all", match: "*", key: { headers: ["x-real-ip"] } }] },
      headers: { "x-real-ip": "192.0.2.7" },
    },
    {
      id: "a field of the platform that nobody named",
      fields: cc("max-age=600", { vary: "cf-ipcountry" }),
      headers: { "cf-ipcountry": "DE" },
    },
    {
      id: "too long a value",
      fields: cc("max-age=600", { vary: "x-plan" }),
      headers: { "x-plan": "x".repeat(1_025) },
    },
  ];

  it.each(rows)("$id", async (row) => {
    const { fields = cc("max-age=600"), status = 200, text = "page", config, headers } = row;
    const origin = () => page(text, fields, status);
    const { colos, upstash } = openHotSite({ origin, ...(config && { config }) });
    await colos[0].get("/a", headers ? { headers } : {});
    await heat(colos[0], ["/a"], {
      ...(headers && { headers }),
      ...(row.method === undefined ? {} : { method: row.method }),
    });
    expect(upstash.hotCommands).toEqual([]);
    expect(await hotKeyCounts(colos[0])).toMatchObject({ sampled: 0 });
  });

  it("a URL too long", async () => {
    const { colos, upstash } = openHotSite();
    const longest = `/${"a".repeat(2_048 - url("/").length)}`;
    await heat(colos[0], [`${longest}a`]);
    expect(upstash.hotCommands).toEqual([]);
    await heat(colos[0], [longest]);
    expect(upstash.hotCommands).toHaveLength(1);
  });
});

describe("what was counted", () => {
  const origin = () => page("page", cc("max-age=600"));

  it("is told up to two minutes later, where nobody asked meanwhile", async () => {
    const { colos, clock, told } = openHotSite({ origin });
    await colos[0].get("/a");
    await colos[0].get("/a");
    clock.advance(119.9);
    await colos[0].get("/a");
    expect(told()).toMatchObject([{ count: 2 }]);
  });

  it.each([
    { id: "longer ago", seconds: 120 },
    { id: "by a clock that was set back since", seconds: -0.1 },
  ])("$id is forgotten", async ({ seconds }) => {
    const { colos, clock, upstash, told } = openHotSite({ origin });
    await colos[0].get("/old");
    await colos[0].get("/a");
    await colos[0].get("/old");
    clock.advance(seconds);
    await colos[0].get("/a");
    expect(upstash.hotCommands).toEqual([]);
    clock.advance(60);
    await colos[0].get("/a");
    expect(told()).toMatchObject([{ url: url("/a"), count: 2 }]);
    expect(told()).toHaveLength(1);
  });
});
