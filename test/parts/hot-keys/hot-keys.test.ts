// Tests hot keys: which hits are counted, which fields of a key are noted, and the report of an
// isolate, which is one command a minute with limits on its size.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { AskInit } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";
import { heat, hotKeyCounts, openHotSite } from "./hot-site.ts";

const url = (path: string) => `https://www.example.com${path}`;

describe("a report of hot keys", () => {
  it("is one command a minute if a hit was counted", async () => {
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

  it("is appended to a stream with a maximum length", async () => {
    const { colos, upstash } = openHotSite({ config: { namespace: "news" } });
    await heat(colos[0], ["/a"]);
    const [name, key, ...rest] = upstash.hotCommands[0]!.map(String);
    expect([name, key, ...rest.slice(0, -1)]).toEqual(
      "XADD news:hot MAXLEN ~ 256 * v 1 top".split(" "),
    );
  });

  it("contains the sixteen hottest keys, the hottest first", async () => {
    const { colos, told } = openHotSite();
    const paths = Array.from({ length: 20 }, (_, at) => `/${at}`);
    for (const path of paths) await colos[0].get(path);
    for (const path of paths) await colos[0].get(path);
    await heat(colos[0], ["/19"]);
    expect(told()).toHaveLength(16);
    expect(told()[0]).toMatchObject({ url: url("/19"), count: 5 });
  });

  it("has at most 8 KiB for long keys", async () => {
    const { colos, upstash, told } = openHotSite();
    const paths = Array.from({ length: 12 }, (_, at) => `/${at}?q=${"%C3%BC".repeat(300)}`);
    await heat(colos[0], paths);
    const top = String(upstash.hotCommands[0]?.at(-1));
    expect(new TextEncoder().encode(top).length).toBeLessThanOrEqual(8_192);
    expect(told()).toHaveLength(4);
  });

  it("includes a key that is hit often, although 256 other keys are hit after it", async () => {
    const { colos, clock, told } = openHotSite();
    await colos[0].get("/first");
    for (let asked = 0; asked < 5; asked += 1) await colos[0].get("/first");
    for (let at = 0; at < 256; at += 1) {
      await colos[0].get(`/${at}`);
      await colos[0].get(`/${at}`);
    }
    clock.advance(60);
    await colos[0].get("/0");
    expect(told().map(({ count }) => count)).toEqual([5, ...Array.from({ length: 15 }, () => 1)]);
  });

  it("is dropped if Redis refuses it, and the answer is still a hit", async () => {
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

describe("the sample of hits", () => {
  it("includes no hit without the part", async () => {
    const { colos, upstash } = openHotSite({ config: { parts: [] } });
    await heat(colos[0], ["/a"]);
    expect(upstash.hotCommands).toEqual([]);
    expect(await hotKeyCounts(colos[0])).toBe("off");
  });

  it("does not include a hit above the random limit", async () => {
    const { colos, upstash } = openHotSite({ random: 1 / 16 });
    await heat(colos[0], ["/a"]);
    expect(upstash.hotCommands).toEqual([]);
    expect(await hotKeyCounts(colos[0])).toMatchObject({ sampled: 0 });
  });
});

const keyedBy = (key: object): ConfigInput => ({ routes: [{ name: "all", match: "*", key }] });

describe("the note of a hot key", () => {
  interface Row {
    readonly config?: ConfigInput;
    readonly vary?: string;
    readonly headers?: Record<string, string>;
  }
  const fieldsOf = (...names: readonly string[]) => keyedBy({ headers: names });
  const languages = { "accept-language": "DE", "user-agent": "Ada's", "x-other": "1" };
  const country = { "cf-ipcountry": "DE", "cf-connecting-ip": "192.0.2.7" };
  const cookie = "_ga=1";
  const codings = ["accept-encoding", "identity"];
  const ofWorker = "X-Forwarded-Proto, X-Forwarded-Host, Surrogate-Capability";

  it.each<[id: string, row: Row, fields: string[][]]>([
    ["its URL", {}, []],
    ["no cookie that is not keyed", { headers: { cookie } }, []],
    [
      "selecting fields",
      { vary: "Accept-Language, X-Plan, Accept-Encoding", headers: languages },
      [codings, ["accept-language", "de"]],
    ],
    [
      "key headers",
      { config: fieldsOf("HX-Target"), headers: { "hx-target": "list" } },
      [["hx-target", "list"]],
    ],
    [
      "the keyed country",
      { config: fieldsOf("cf-ipcountry"), headers: country },
      [["cf-ipcountry", "DE"]],
    ],
    ["no field that the Worker adds", { vary: ofWorker }, []],
  ])("contains %s", async (_, { config, vary, headers = {} }, fields) => {
    const origin = () => page("page", cc("max-age=600", vary === undefined ? {} : { vary }));
    const { colos, told, clock } = openHotSite({ origin, ...(config && { config }) });
    const expiresAtMs = clock.atMs + 600_000;
    await heat(colos[0], ["/a?utm_source=x&b=1&a=2"], { headers });
    const note = { url: url("/a?b=1&a=2"), expiresAtMs, count: 3, fields };
    expect(told()).toEqual([note]);
    expect(JSON.stringify(told())).not.toMatch(/192\.0\.2\.7|_ga|Ada/);
  });

  it("contains the expiry of the latest response", async () => {
    const { colos, clock, told } = openHotSite({ origin: () => page("page", cc("max-age=70")) });
    await colos[0].get("/a");
    await colos[0].get("/a");
    clock.advance(70);
    await colos[0].get("/a");
    await colos[0].get("/a");
    expect(told()).toMatchObject([{ expiresAtMs: clock.atMs + 70_000 }]);
  });
});

describe("the note of hot keys", () => {
  type Answer = [fields: FieldTexts, text?: string, status?: number];
  const fresh: Answer = [cc("max-age=600")];
  const varying = (vary: string): Answer => [cc("max-age=600", { vary })];
  const validated = cc("max-age=600, no-cache, stale-while-revalidate=600", { etag: '"1"' });
  const onlyNear: ConfigInput = {
    routes: [{ name: "near", match: "*", tiers: ["memory", "edge"] }],
  };
  const session = { headers: { cookie: "session=ada" } };
  const of = (name: string, value: string): AskInit => ({ headers: { [name]: value } });

  it.each<[id: string, answer: Answer, init?: AskInit, config?: ConfigInput]>([
    ["a response with a lifetime below a minute", [cc("max-age=59")]],
    ["a response that expires within a minute", [cc("max-age=600", { age: "541" })]],
    ["a response that is always validated", [validated]],
    ["an error", [cc("max-age=600"), "page", 404]],
    ["a request with an unknown cookie", [cc("public, max-age=600")], session],
    ["a HEAD request", fresh, { method: "HEAD" }],
    ["a route without the shared tier", fresh, {}, onlyNear],
    [
      "a body too large for Redis",
      [fresh[0], "x".repeat(11)],
      {},
      { limits: { sharedBodyBytes: 10 } },
    ],
    ["a variant for one address", varying("x-forwarded-for"), of("cf-connecting-ip", "192.0.2.7")],
    [
      "a key with an address",
      fresh,
      of("cf-connecting-ip", "192.0.2.7"),
      keyedBy({ headers: ["x-real-ip"] }),
    ],
    [
      "a field of the platform that is not keyed",
      varying("cf-ipcountry"),
      of("cf-ipcountry", "DE"),
    ],
    [
      "a key with a field above 1,024 characters",
      varying("hx-target"),
      of("hx-target", "x".repeat(1_025)),
    ],
    ["a variant by a field that may be a secret", varying("x-plan"), of("x-plan", "gold")],
    [
      "a key with a field that may be a secret",
      fresh,
      of("x-plan", "gold"),
      keyedBy({ headers: ["x-plan"] }),
    ],
    [
      "a key with a cookie",
      fresh,
      of("cookie", "currency=EUR"),
      keyedBy({ cookies: ["currency"] }),
    ],
  ])("excludes %s", async (_, [fields, text = "page", status = 200], init = {}, config = {}) => {
    const { colos, upstash } = openHotSite({ origin: () => page(text, fields, status), config });
    const { headers = {} } = init;
    await colos[0].get("/a", { headers });
    await heat(colos[0], ["/a"], init);
    expect(upstash.hotCommands).toEqual([]);
    expect(await hotKeyCounts(colos[0])).toMatchObject({ sampled: 0 });
  });

  it("does not include a URL above 2,048 characters", async () => {
    const { colos, upstash } = openHotSite();
    const longest = `/${"a".repeat(2_048 - url("/").length)}`;
    await heat(colos[0], [`${longest}a`]);
    expect(upstash.hotCommands).toEqual([]);
    await heat(colos[0], [longest]);
    expect(upstash.hotCommands).toHaveLength(1);
  });
});

describe("a count of hits", () => {
  const origin = () => page("page", cc("max-age=600"));

  it("is reported if the next request comes within two minutes", async () => {
    const { colos, clock, told } = openHotSite({ origin });
    await colos[0].get("/a");
    await colos[0].get("/a");
    clock.advance(119.9);
    await colos[0].get("/a");
    expect(told()).toMatchObject([{ count: 2 }]);
  });

  it.each([
    { id: "after two minutes", seconds: 120 },
    { id: "after the clock was set back", seconds: -0.1 },
  ])("is dropped if the next request comes $id", async ({ seconds }) => {
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
