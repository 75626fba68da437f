// Tests `key.language`, `key.accept` and `key.device`: the spellings of clients are reduced to a few forms, which
// are keyed, and which alone the origin gets.
// Needs parts: hot-keys.
import { describe, expect, it } from "vitest";
import type { RouteInput } from "../../../src/config/route-options.ts";
import { device } from "../../../src/device.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { both, explained, explainToken } from "../../../testing/site/explained.ts";
import { type AskInit, openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import { heat, openHotSite } from "../../parts/hot-keys/hot-site.ts";
import { send } from "../../../testing/site/purge-sender.ts";
import { openWarmSite, warmed } from "../../../testing/site/warm-site.ts";

type Key = RouteInput["key"];

const language: Key = { language: ["en", "de", "pt-BR"] };
const accept: Key = { accept: ["image/avif", "image/webp"] };
const [phone, laptop, tablet] = [
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
] as const;
const avif = "image/avif,*/*;q=0.5";
const other = "image/jpeg,image/png,image/gif,image/svg+xml";

const routesOf = (key: Key, more: Partial<RouteInput> = {}) => ({
  routes: [{ name: "all", match: "*", key, ...more }],
});

/** An origin whose pages contain some fields of the request, and whose `Vary` names these fields. */
const echo =
  (of: string, control = "max-age=60"): Script =>
  ({ headers }, nth) => {
    const values = of.split(", ").map((name) => headers.get(name));
    return page(`${values.join(" ")} ${nth}`, cc(control, { vary: of }));
  };

const env = { ADMIN_TOKEN: explainToken, SITE_HOST: "www.example.com" };
const openWith = (key: Key, origin: Script, more?: Partial<RouteInput>) =>
  openSite({ origin, config: routesOf(key, more), env });

const asking = (name: string, value: string): AskInit => ({ headers: { [name]: value } });

/** Returns the texts of the answers to these values of a field; `undefined` sends no field. */
async function textsFor(site: Site, name: string, values: readonly (string | undefined)[]) {
  const texts: string[] = [];
  for (const value of values) {
    texts.push((await site.get("/a", value === undefined ? {} : asking(name, value))).text);
  }
  return texts;
}

/** Returns the values of a field in all requests that the origin got. */
const sent = (site: Site, name: string) => site.origin.asked.map(({ fields }) => fields.get(name));

describe("a field with a normal form", () => {
  it("key.language: the origin gets exactly the chosen tag", async () => {
    const site = openWith(language, echo("accept-language"));
    const values = ["de-AT,de;q=0.9", "DE", "de;q=0.1", "pt", undefined, "en-GB", "xx", "de"];
    const texts = ["de 1", "de 1", "de 1", "pt-BR 2", "en 3", "en 3", "en 3", "de 1"];
    expect(await textsFor(site, "accept-language", values)).toEqual(texts);
  });

  it("key.language: the origin gets the script that the client reads", async () => {
    const site = openWith({ language: ["zh-Hant", "zh-Hans"] }, echo("accept-language"));
    const values = ["zh-CN,zh;q=0.9,en;q=0.8", "zh-SG", "zh-HK,zh;q=0.9", "zh"];
    const texts = ["zh-Hans 1", "zh-Hans 1", "zh-Hant 2", "zh-Hans 1"];
    expect(await textsFor(site, "accept-language", values)).toEqual(texts);
  });

  it("key.accept: the origin gets the chosen type, or types that all browsers read", async () => {
    const site = openWith(accept, echo("accept"));
    const chrome = "image/avif,image/webp,image/apng,image/*,*/*;q=0.8";
    const values = [chrome, "IMAGE/AVIF", "image/webp,*/*", "*/*", undefined, "image/avif;q=0"];
    const webp = "image/webp,*/*;q=0.5 2";
    const texts = [`${avif} 1`, `${avif} 1`, webp, `${other} 3`, `${other} 3`, `${other} 3`];
    expect(await textsFor(site, "accept", values)).toEqual(texts);
  });

  it("key.device: reads fields by which an earlier route has a condition", async () => {
    const when = { header: { "user-agent": ["Bot"], "sec-ch-ua-mobile": ["?1"] } };
    const routes = [{ name: "bot", match: "*", when }, ...routesOf({ device: device() }).routes];
    const site = openSite({ origin: echo("x-device"), config: { routes } });
    const texts = await textsFor(site, "user-agent", [phone, laptop, "Bot"]);
    expect(texts).toEqual(["mobile 1", "desktop 2", "desktop 2"]);
    expect((await site.get("/a", asking("sec-ch-ua-mobile", "?1"))).text).toBe("mobile 1");
  });

  it("key.accept: for types that are not all images, other clients have a wildcard", async () => {
    const site = openWith({ accept: ["application/json", "image/avif"] }, echo("accept"));
    const texts = ["*/* 1", "application/json,*/*;q=0.5 2"];
    expect(await textsFor(site, "accept", ["text/html", "application/json"])).toEqual(texts);
  });

  it("key.accept: never names a listed type for other clients", async () => {
    const listed = { accept: ["image/JPEG", "image/png", "image/gif", "image/svg+xml"] };
    expect(await textsFor(openWith(listed, echo("accept")), "accept", ["*/*"])).toEqual(["*/* 1"]);
  });

  const deviceFields = "x-device, sec-ch-ua-mobile, sec-ch-ua-platform";

  it.each([
    [{}, "desktop ?0  1"],
    [{ "user-agent": phone }, "mobile ?1  1"],
    [{ "user-agent": laptop }, "desktop ?0  1"],
    [{ "user-agent": tablet }, "desktop ?0  1"],
    [{ "user-agent": `${phone} Googlebot/2.1` }, "mobile ?1  1"],
    [{ "user-agent": "Googlebot/2.1" }, "desktop ?0  1"],
    [{ "user-agent": laptop, "sec-ch-ua-mobile": "?1" }, "mobile ?1  1"],
    [{ "user-agent": phone, "sec-ch-ua-mobile": "?0" }, "desktop ?0  1"],
    [{ "user-agent": phone, "sec-ch-ua-mobile": "yes" }, "mobile ?1  1"],
    [{ "user-agent": laptop, "sec-ch-ua-platform": '"Android"' }, "desktop ?0  1"],
    [{ "user-agent": `${"x".repeat(512)} Mobile` }, "desktop ?0  1"],
    [{ "user-agent": laptop, "x-device": "mobile" }, "mobile ?1  1"],
    [{ "user-agent": laptop, "x-device": "Mobile" }, "mobile ?1  1"],
    [{ "user-agent": phone, "x-device": "DESKTOP" }, "desktop ?0  1"],
    [{ "user-agent": phone, "x-device": "constructor" }, "mobile ?1  1"],
    [{ "user-agent": phone, "x-device": "tablet" }, "mobile ?1  1"],
  ])("key.device: the origin gets the class of %j", async (headers, text) => {
    const site = openWith({ device: device() }, echo(deviceFields));
    expect((await site.get("/a", { headers })).text).toBe(text);
  });

  it("key.device: tablets may be a class of their own", async () => {
    const site = openWith({ device: device({ tablets: true }) }, echo("x-device"));
    const texts = ["tablet 1", "mobile 2", "desktop 3"];
    expect(await textsFor(site, "user-agent", [tablet, phone, laptop])).toEqual(texts);
    const hinted = { "user-agent": tablet, "sec-ch-ua-mobile": "?0" };
    expect((await site.get("/a", { headers: hinted })).text).toBe("tablet 1");
  });

  it("key.device: User-Agent reaches the origin as one value for each class", async () => {
    const site = openWith({ device: device() }, echo("user-agent"), { forward: [] });
    const values = [phone, `${phone} Safari`, laptop, tablet, undefined];
    const texts = await textsFor(site, "user-agent", values);
    expect(texts).toEqual([1, 1, 2, 2, 2].map((nth) => expect.stringMatching(` ${nth}$`)));
    expect(texts[0]).toMatch(/ Mobile .* Tidemark 1$/);
    // No second request with a withheld field.
    expect(site.origin.count).toBe(2);
  });

  it("all three together have one key for each combination", async () => {
    const key = { ...language, ...accept, device: device() };
    const site = openWith(key, echo("accept-language, accept, x-device"));
    const first = { "accept-language": "de", accept: "image/avif", "user-agent": phone };
    const same = {
      "accept-language": "de-CH",
      accept: "image/avif,*/*",
      "user-agent": `${phone} A`,
    };
    expect((await site.get("/a", { headers: first })).text).toBe(`de ${avif} mobile 1`);
    expect((await site.get("/a", { headers: same })).cacheStatus).toContain("; hit");
  });

  it("does not change a request that bypasses the cache", async () => {
    const site = openWith(language, echo("accept-language"));
    const headers = { "accept-language": "de-AT" };
    expect((await site.get("/a", { method: "POST", headers })).text).toBe("de-AT 1");
  });
});

describe("Vary that names a field with a normal form", () => {
  const pair = (key: Key, of: string) => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const options = { clock, upstash, origin: echo(of), config: routesOf(key) };
    return { upstash, colos: openColos(2, options) as [Site, Site] };
  };

  it.each([
    ["accept-language", language, "de", "de-CH"],
    ["accept", accept, "image/avif", "image/avif,*/*"],
    ["user-agent", { device: device() }, phone, `${phone} Safari`],
    ["sec-ch-ua-mobile", { device: device() }, "?1", "?1"],
  ])("%s: makes no variant, and stays for browsers", async (name, key, value, same) => {
    const { upstash, colos } = pair(key, name);
    const [near, far] = colos;
    const seen = await near.get("/a", asking(name, value));
    expect(seen.fields.get("vary")).toMatch(new RegExp(`^${name}(?:, (?!${name})|$)`, "i"));
    expect(seen.cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    // Neither a marker, nor a second request for an invented variant, is needed.
    const records = upstash.keys.filter((one) => !/journal|secret|stats/.test(one));
    expect(records.length).toBe(1);
    expect((await far.get("/a", asking(name, same))).cacheStatus).toContain("detail=shared");
  });

  it("still selects by other fields, and never matches *", async () => {
    const site = openWith(language, echo("accept-language, origin"));
    const from = (origin: string) => site.get("/a", asking("origin", origin));
    expect((await from("https://a.example")).text).toBe("en https://a.example 1");
    expect((await from("https://b.example")).text).toBe("en https://b.example 2");
    const any = openWith(language, () => page("page", cc("max-age=60", { vary: "*" })));
    expect((await any.get("/a")).cacheStatus).toContain("detail=vary-any");
  });
});

describe("a cache downstream learns which fields decide the answer", () => {
  const plain = (vary = "", control = "public, max-age=60") =>
    page("page", cc(control, { etag: '"1"', ...(vary === "" ? {} : { vary }) }));
  const varyOf = async (site: Site, init: AskInit = {}) =>
    (await site.get("/a", init)).fields.get("vary");

  it.each([
    ["key.language", language, "Accept-Language"],
    ["key.accept", accept, "Accept"],
    ["key.device", { device: device() }, "Sec-Ch-Ua-Mobile, User-Agent, X-Device"],
    ["key.headers", { headers: ["x-app"] }, "X-App"],
    ["key.cookies", { cookies: ["currency"] }, null],
  ])("%s: in a miss, a hit, HEAD, a 304, and an answer that bypasses", async (_, key, vary) => {
    const site = openWith(key, () => plain());
    const headers = { "if-none-match": '"1"' };
    const inits: AskInit[] = [{}, {}, { method: "HEAD" }, { headers }, { method: "POST" }];
    for (const init of inits) expect(await varyOf(site, init)).toBe(vary);
  });

  it("a condition that compares values", async () => {
    const routes = [
      { name: "app", match: "*", when: { header: { "x-app": ["1"] } } },
      { name: "all", match: "*" },
    ];
    const site = openSite({ origin: () => plain(), config: { routes } });
    expect(await varyOf(site, asking("x-app", "1"))).toBe("X-App");
  });

  it.each([
    ["a field that the origin names", "accept-Language", "public", "accept-Language"],
    ["another field", "Origin", "public", "Origin, Accept-Language"],
    ["*", "*", "public", "*"],
    ["an answer that nothing may store", "", "no-store", null],
    ["an answer that browsers may store", "", "private, max-age=60", "Accept-Language"],
  ])("%s", async (_, stated, control, vary) => {
    expect(await varyOf(openWith(language, () => plain(stated, control)))).toBe(vary);
  });

  it("a keyed cookie, for a cache in front", async () => {
    const config = { ...routesOf({ cookies: ["currency"] }), cacheInFront: true };
    const site = openSite({ origin: () => plain(), config });
    expect(await varyOf(site)).toBe("Cookie");
  });
});

describe("Tidemark's own requests carry the form of the key", () => {
  const swr = "max-age=60, stale-while-revalidate=600";
  const neutral = { accept: "text/html", userAgent: "Own/1.0" };

  it.each([
    ["accept-language", language, "de-CH", "de"],
    ["accept", accept, "image/avif,*/*", avif],
    ["x-device", { device: device() }, "mobile", "mobile"],
  ])("a refresh: %s", async (name, key, value, form) => {
    const site = openWith(key, echo(name, swr), { anonymous: neutral });
    await site.get("/a", asking(name, value));
    site.clock.advance(61);
    expect((await site.get("/a", asking(name, value))).cacheStatus).toContain("; hit; ttl=-1");
    expect(sent(site, name)).toEqual([form, form]);
    expect((await site.get("/a", asking(name, value))).text).toBe(`${form} 2`);
  });

  it("a refresh of a device's page has the User-Agent of the class", async () => {
    const site = openWith({ device: device() }, echo("x-device", swr), { anonymous: neutral });
    await site.get("/a", asking("user-agent", phone));
    site.clock.advance(61);
    await site.get("/a", asking("user-agent", `${phone} Safari`));
    const [first, second, ...more] = sent(site, "user-agent");
    expect([first, more]).toEqual([second, []]);
    expect(sent(site, "x-device")).toEqual(["mobile", "mobile"]);
  });

  it("no difference of types or languages is reported for these fields", async () => {
    const site = openWith({ ...accept, ...language }, (_, nth) =>
      page(`${nth}`, {
        ...cc(swr),
        "content-type": nth === 1 ? "image/avif" : "image/jpeg",
        "content-language": nth === 1 ? "en" : "de",
      }),
    );
    await site.get("/a");
    site.clock.advance(61);
    await site.get("/a");
    expect((await site.get("/a")).text).toBe("2");
    expect(JSON.stringify(site.counted())).not.toContain("silentVariations");
  });

  it("hot keys are refreshed with their form", async () => {
    const config = routesOf({ ...language, device: device() });
    const hot = openHotSite({ config, origin: echo("accept-language, x-device", "max-age=120") });
    const [near, , desk] = hot.colos;
    const headers = { "accept-language": "pt", "user-agent": phone };
    await heat(near, ["/a"], { headers });
    expect(hot.told()[0]?.fields).toEqual([
      ["accept-language", "pt-br"],
      ["x-device", "mobile"],
    ]);
    await desk.runCron();
    expect(near.origin.last.fields.get("x-device")).toBe("mobile");
    expect(near.origin.last.fields.get("accept-language")).toBe("pt-BR");
    expect(near.origin.count).toBe(2);
  });

  it("warming fetches the default form, and those that its list names", async () => {
    const origin = echo("accept-language, x-device");
    const { near } = openWarmSite({ origin, config: routesOf({ ...language, device: device() }) });
    const named = { url: "/a", headers: { "accept-language": "de", "x-device": "mobile" } };
    expect(await warmed(near, "/a", named)).toMatchObject([
      { result: "warmed" },
      { result: "warmed" },
    ]);
    expect((await near.get("/a")).text).toBe("en desktop 1");
    const headers = { "accept-language": "de-AT", "user-agent": phone };
    expect((await near.get("/a", { headers })).text).toBe("de mobile 2");
  });

  it.each([
    ["accept", accept, "image/avif", { "content-type": "image/jpeg" }],
    ["accept-language", language, "de", { "content-language": "en" }],
  ])("a page of another %s than the form is validated", async (name, key, value, fields) => {
    const site = openWith(key, ({ headers }) =>
      headers.has("if-none-match")
        ? unchanged({ etag: '"1"' })
        : page("page", { ...cc("max-age=60"), ...fields, etag: '"1"' }),
    );
    await site.get("/a", asking(name, value));
    site.clock.advance(61);
    expect((await site.get("/a", asking(name, value))).cacheStatus).toContain("fwd-status=304");
  });

  it("a validation has the form, and so has HEAD", async () => {
    const site = openWith(language, ({ headers }) =>
      headers.has("if-none-match")
        ? unchanged({ etag: '"1"', vary: "accept-language" })
        : page("page", cc("max-age=60", { etag: '"1"', vary: "accept-language" })),
    );
    await site.get("/a", asking("accept-language", "de-AT"));
    site.clock.advance(61);
    const again = await site.get("/a", asking("accept-language", "de-CH"));
    expect(again.cacheStatus).toContain("fwd-status=304; stored");
    const head = await site.get("/a", { method: "HEAD", ...asking("accept-language", "de") });
    expect(head.cacheStatus).toContain("; hit");
    expect(sent(site, "accept-language")).toEqual(["de", "de"]);
  });
});

describe("a flood of invented values", () => {
  const key = { ...language, ...accept, device: device() };
  const invented = (nth: number): Readonly<Record<string, string>> => ({
    "accept-language": `x-${nth}, de;q=0.${nth}, ${"aa-bb,".repeat(nth)}`,
    accept: `image/avif;n=${nth}, */*;q=0.${nth}`,
    "user-agent": `${laptop} ${nth} ${"Mobile ".repeat(nth % 3)}`,
    "sec-ch-ua": `"B";v="${nth}"`,
  });

  it("makes no more keys than combinations of forms", async () => {
    const site = openWith(key, echo("accept-language, accept, user-agent, sec-ch-ua"));
    for (let nth = 1; nth <= 200; nth += 1) await site.get("/a", { headers: invented(nth) });
    expect(site.origin.count).toBe(2);
  });

  it.each([
    ["10 KB", `de,${"x".repeat(10_240)}`],
    ["5,000 members", `de${",x".repeat(5_000)}`],
    ["octets that are not ASCII", "de, \u00fc"],
  ])("a field with %s is read from its beginning", async (_, value) => {
    const site = openWith(language, echo("accept-language"));
    expect((await site.get("/a", asking("accept-language", value))).text).toBe("de 1");
    expect((await site.get("/a", asking("accept-language", "de"))).cacheStatus).toContain("; hit");
  });
});

it("a purge by URL covers every form", async () => {
  const site = openSite({
    origin: echo("accept-language"),
    config: routesOf(language),
    env,
    upstash: new FakeUpstash(new FakeClock()),
  });
  const values = ["en", "de", "pt"];
  await textsFor(site, "accept-language", values);
  const headers = { authorization: `Bearer ${explainToken}` };
  expect((await send(site, { urls: ["https://www.example.com/a"] }, headers)).status).toBe(200);
  const texts = ["en 4", "de 5", "pt-BR 6"];
  expect(await textsFor(site, "accept-language", values)).toEqual(texts);
});

describe("explain", () => {
  const url = "https://www.example.com/a";

  it("names the forms, and predicts the answer", async () => {
    const site = openWith({ ...language, device: device() }, echo("accept-language"));
    const headers = { "accept-language": "de-AT", "user-agent": phone };
    await site.get("/a", { headers });
    const { explanation, told, came } = await both(site, url, { headers });
    expect(explanation.look?.key.fields).toEqual([
      ["accept-language", "de"],
      ["x-device", "mobile"],
    ]);
    expect([told, site.origin.count]).toEqual([came, 1]);
  });

  it("names the form by which the nearest key differs", async () => {
    const site = openWith(language, echo("accept-language"));
    await site.get("/a", asking("accept-language", "de"));
    const asked = asking("accept-language", "pt");
    const { look } = await explained(site, url, asked);
    expect(look?.nearest?.differences).toEqual([
      { of: "normal form", name: "accept-language", sent: "pt-BR", stored: "de" },
    ]);
    expect(look?.nearest?.case).toBe("normal form");
  });
});
