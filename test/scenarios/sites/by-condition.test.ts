// Tests routes with conditions that store responses: what the origin gets is a function of the key, for
// clients and for Tidemark's own requests, and each purge reaches the responses of all routes.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import { type AskInit, host, openSite, type Site } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { callWarm, openWarmSite } from "../../../testing/site/warm-site.ts";

const config: ConfigInput = {
  origins: { app: { url: "https://app.invalid" } },
  routes: [
    { name: "preview", match: "*", when: { query: ["preview"] }, bypass: true },
    {
      name: "ios",
      match: "*",
      when: { header: { "x-app": ["ios"] }, cookie: { plan: ["pro", "free"] } },
      origin: "app",
      fresh: "5m",
    },
    { name: "tv", match: "*", when: { header: { "x-tv": ["ios"] } }, fresh: "5m" },
    { name: "watch", match: "*", when: { header: { "x-watch": ["ios"] } }, fresh: "5m" },
    { name: "print", match: "*", when: { query: { view: ["print"] } }, fresh: "5m" },
    { name: "alps", match: "*", when: { country: ["AT", "CH"] }, fresh: "5m" },
    {
      name: "rest",
      match: "*",
      fresh: "5m",
      query: { allow: ["id", "view"] },
      invalidate: "everywhere",
    },
  ],
};

/** Shares every page, with all that could make it differ. */
const origin: Script = ({ url, headers }, nth) => {
  const seen = ["x-app", "x-tv", "cf-ipcountry", "cookie"].map((name) => headers.get(name) ?? "-");
  const body = `${nth} ${new URL(url).hostname.split(".")[0]} ${seen.join(" ")}`;
  return page(body, cc("public, max-age=300, stale-while-revalidate=300"));
};

/** Sends a GET of a client in a country, as Cloudflare passes it on. */
async function getFrom(
  site: Site,
  country: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const request = new Request(`https://${host}/a`, { headers });
  Object.defineProperty(request, "cf", { value: { country } });
  const text = await (await site.handle(request)).text();
  await site.settle();
  return text;
}

const app = (plan: string, name = "ios") => ({ "x-app": name, cookie: `plan=${plan}` });

describe("a request", () => {
  it.each<{ path?: string; headers?: Record<string, string>; gets: string; why: string }>([
    { headers: app("pro"), gets: "app ios - - plan=pro", why: "meets both conditions" },
    { headers: app("gold"), gets: "origin - - - -", why: "has another cookie's value" },
    { headers: { "x-app": "ios" }, gets: "origin - - - -", why: "lacks the cookie" },
    { headers: app("pro", "IOS"), gets: "origin - - - -", why: "has another case" },
    { headers: app("pro", "ios, ios"), gets: "origin - - - -", why: "has the field twice" },
    { headers: { "x-app": "" }, gets: "origin - - - -", why: "has an empty field" },
    {
      headers: { "x-tv": "ios", "x-app": "a" },
      gets: "origin - ios - -",
      why: "meets the second route's",
    },
    { headers: { "cf-ipcountry": "AT" }, gets: "origin - - - -", why: "claims a country" },
  ])("gets what its key says, if it $why", async ({ path = "/a", gets, headers = {} }) => {
    const site = openSite({ config, origin });
    expect((await site.get(path, { headers })).text).toBe(`1 ${gets}`);
    const plain = (await site.get(path)).text;
    expect(plain.slice(2)).toBe("origin - - - -");
    expect((await site.get(path, { headers })).text).toBe(`1 ${gets}`);
  });

  it.each([
    "preview=1",
    "a=b&preview",
    "Preview=",
    "%70review=0",
    "preview[]=1",
    "a=b;preview=1",
    "%20preview=1",
    "preview%00x=1",
  ])("bypasses by a parameter in each spelling: %s", async (query) => {
    const site = openSite({ config, origin });
    expect((await site.get(`/a?${query}`)).cacheStatus).toContain("detail=route");
  });

  it("meets a condition on a parameter in each spelling and order", async () => {
    const site = openSite({ config, origin, env: { ADMIN_TOKEN: explainToken } });
    const routes = [];
    for (const query of ["view=print", "id=1&view=%70rint", "view=web&view=print", "view=Print"]) {
      routes.push((await explained(site, `/a?${query}`)).route.name);
    }
    expect(routes).toEqual(["print", "print", "print", "rest"]);
  });
});

describe("a request whose cookies, fields or parameters", () => {
  const keyed = {
    routes: [
      {
        name: "ab",
        match: "/ab",
        key: { cookies: ["currency"], headers: ["x_unit"] },
        fresh: "5m",
      },
      { name: "usd", match: "*", when: { cookie: { currency: ["usd"] } }, fresh: "5m" },
      { name: "ios", match: "*", when: { header: { x_app: ["ios"] } }, fresh: "5m" },
      { name: "print", match: "*", when: { query: { view: ["print"] } }, fresh: "5m" },
      { name: "rest", match: "*", fresh: "5m" },
    ],
  } satisfies ConfigInput;
  const echo: Script = ({ headers }, nth) =>
    page(`${nth} ${headers.get("cookie") ?? "-"}`, cc("public, max-age=300"));

  it.each<{ path?: string; headers?: Record<string, string> }>([
    { headers: { cookie: "currency=usd; currency=eur" } },
    { headers: { cookie: "currency=usd; Currency=eur" } },
    { headers: { cookie: "a=b currency=eur" } },
    { headers: { cookie: 'x="; currency=usd; y="' } },
    { headers: { cookie: "curr%65ncy=eur" } },
    { headers: { cookie: 'currency="usd' } },
    { headers: { cookie: "currency" } },
    { path: "/ab", headers: { cookie: "currency=usd; a=b currency=eur" } },
    { path: "/ab", headers: { cookie: "Currency=eur" } },
    { path: "/ab", headers: { "x-unit": "mile" } },
    { headers: { "x-app": "ios" } },
    { path: "/a?view=print&view=web" },
    { path: "/a?View=print" },
    { path: "/a?view[]=print" },
    { path: "/a?view=print;x=1" },
    { path: "/a?a=1;view=print" },
    { path: "/a?%3Fview=print" },
  ])(
    "have readings with different values gets its own answer, which is not stored: %j",
    async ({ path = "/a", headers = {} }) => {
      const site = openSite({ config: keyed, origin: echo });
      for (const nth of [1, 2]) {
        const { text, cacheStatus } = await site.get(path, { headers });
        expect(text).toBe(`${nth} ${headers["cookie"] ?? "-"}`);
        expect(cacheStatus).toBe("tidemark; fwd=bypass; fwd-status=200; detail=ambiguous-value");
      }
      expect((await site.get(path.split("?")[0] ?? "")).text).toBe("3 -");
    },
  );

  it.each<{ path?: string; cookie?: string; also?: string; gets?: string }>([
    { cookie: "currency=usd; cart=%7B%22currency%22%3A%22eur%22%7D" },
    { cookie: "currency=usd; currencyRate=1" },
    { cookie: "last_url=%2Fshop%3Fcurrency%3Deur; currency=usd" },
    { cookie: 'c={"currency":"eur", "a":1}; currency=usd; d="b c", e' },
    { path: "/ab", cookie: "OptanonConsent=a=0&currency=eur&v=1; currency=usd eur" },
    { path: "/ab", cookie: "currency=usd; currency=eur" },
    { path: "/a?view=print&next=%2Fb%3Fview%3Dweb&preview=1" },
    { path: "/a?view=web&filter[view]=print" },
  ])("have one reading shares its answer: %j", async (given) => {
    const { path = "/a", cookie } = given;
    const site = openSite({ config: keyed, origin: echo });
    const init = cookie === undefined ? {} : { headers: { cookie } };
    const first = await site.get(path, init);
    expect(first.text).toContain(cookie === undefined ? "-" : "currency=usd");
    expect((await site.get(path, init)).text).toBe(first.text);
  });
});

it("routes with equal values of other conditions share nothing, even with HEAD", async () => {
  const site = openSite({ config, origin });
  const asked: AskInit[] = ["x-tv", "x-watch"].map((name) => ({ headers: { [name]: "ios" } }));
  const texts = [];
  for (const init of [...asked, {}, ...asked, {}]) texts.push((await site.get("/a", init)).text[0]);
  expect(texts).toEqual(["1", "2", "3", "1", "2", "3"]);
  const head = await site.get("/a", { ...asked[1], method: "HEAD" });
  expect(head.cacheStatus).toContain("hit; ");
});

it("a country is keyed, and reaches the origin as Cloudflare states it, whatever the client claims", async () => {
  const site = openSite({ config, origin });
  const texts = [];
  for (const [country, claimed] of [
    ["AT", "FR"],
    ["CH", "AT"],
    ["AT", "DE"],
    ["DE", "AT"],
    ["FR", "CH"],
  ] as const) {
    texts.push(await getFrom(site, country, { "cf-ipcountry": claimed }));
  }
  expect(texts).toEqual([
    "1 origin - - AT -",
    "2 origin - - CH -",
    "1 origin - - AT -",
    "3 origin - - - -",
    "3 origin - - - -",
  ]);
});

it("a refresh sends the origin the values of the key, and none that the route withholds", async () => {
  const site = openSite({ config, origin });
  const asked: AskInit[] = [{ headers: app("free") }, { headers: { "x-tv": "a", "x-app": "b" } }];
  for (const init of asked) await site.get("/a", init);
  site.clock.advance(301);
  for (const init of asked) await site.get("/a", init);
  expect(site.origin.asked.length).toBe(4);
  const seen = [];
  for (const init of asked) seen.push((await site.get("/a", init)).text);
  expect(seen).toEqual(["3 app ios - - plan=free", "4 origin - - - -"]);
});

it("a field that a later route withholds gets the value of refreshes", async () => {
  const routes = [
    { name: "json", match: "*", when: { header: { accept: ["application/json"] } }, fresh: "5m" },
    { name: "rest", match: "*", fresh: "5m" },
  ] satisfies ConfigInput["routes"];
  const site = openSite({
    config: { routes },
    origin: ({ headers }) => page(headers.get("accept") ?? "none"),
  });
  const texts = [];
  for (const accept of ["application/json", "application/json, x/y", "image/png"]) {
    texts.push((await site.get("/a", { headers: { accept } })).text);
  }
  const neutral = "text/html,application/xhtml+xml,*/*;q=0.8";
  expect(texts).toEqual(["application/json", neutral, neutral]);
});

it("a withheld cookie is not unknown, but a cookie that the origin sets reaches its client", async () => {
  const routes = [
    { name: "usd", match: "*", when: { cookie: { currency: ["usd"] } }, fresh: "5m" },
    { name: "rest", match: "*", fresh: "5m" },
  ] satisfies ConfigInput["routes"];
  const script: Script = ({ url, headers }) =>
    page(
      headers.get("cookie") ?? "-",
      url.endsWith("/set") ? { "set-cookie": "currency=usd" } : {},
    );
  const site = openSite({ config: { routes }, origin: script });
  await site.get("/a");
  const chf = await site.get("/a", { headers: { cookie: "currency=chf" } });
  expect(chf.cacheStatus).toContain("hit; ");
  const set = await site.get("/set");
  expect(set.fields.get("set-cookie")).toBe("currency=usd");
  expect(set.cacheStatus).not.toContain("stored");
});

describe("a cookie that a condition compares with values reaches its client, and its page is not stored, although", () => {
  const usd = { name: "usd", match: "*", when: { cookie: { currency: ["usd"] } }, fresh: "5m" };
  const bypass = { name: "session", match: "*", when: { cookie: ["session"] }, bypass: true };
  const rest = { name: "rest", match: "*", fresh: "5m" };

  it.each<{ id: string; given: object; general?: object }>([
    { id: "the route strips it", given: { setCookie: "strip" } },
    {
      id: "a rule strips it",
      given: { answer: [{ when: { status: 200 }, strip: ["set-cookie"] }] },
    },
    { id: "it is harmless", given: {}, general: { cookies: { harmless: ["currency"] } } },
    { id: "the route ignores it", given: { cookies: { ignore: ["currency"] } } },
  ])("$id", async ({ given, general = {} }) => {
    const set = ["currency=usd", "Currency=usd", "a=1, currency=usd", "session=1"];
    const stripping = { ...general, routes: [usd, bypass, { ...rest, ...given }] } as ConfigInput;
    const script: Script = ({ url }) =>
      page("of usd", { "set-cookie": set[Number(new URL(url).pathname.slice(1))] ?? "" });
    const site = openSite({ config: stripping, origin: script });
    const seen = [];
    for (const nth of set.keys()) {
      const { fields, cacheStatus } = await site.get(`/${nth}`);
      seen.push([fields.get("set-cookie"), cacheStatus.includes("stored")]);
    }
    expect(seen.slice(0, 3)).toEqual(set.slice(0, 3).map((line) => [line, false]));
    // A condition on a name alone protects clients that have the cookie.
    const isStripped = "setCookie" in given || "answer" in given;
    expect(seen[3]).toEqual(isStripped ? [null, true] : ["session=1", false]);
  });
});

describe("a purge", () => {
  const asked: AskInit[] = [{ headers: app("pro") }, { headers: { "x-tv": "ios" } }, {}];
  const numbers = async (site: Site, path: string) => {
    const texts = [];
    for (const init of asked) texts.push((await site.get(path, init)).text.split(" ")[0]);
    return texts.join(" ");
  };

  it("of a URL covers every route's responses, also with parameters that a later route drops", async () => {
    const { site } = openJournalled({ config, origin });
    expect(await numbers(site, "/a?id=1&x=2")).toBe("1 2 3");
    await send(site, { urls: [`https://${host}/a?x=2&id=1`] });
    expect(await numbers(site, "/a?id=1&x=2")).toBe("4 5 6");
  });

  it("of a route covers its responses only", async () => {
    const { site } = openJournalled({ config, origin });
    await numbers(site, "/a");
    await send(site, { routes: ["tv"] });
    expect(await numbers(site, "/a")).toBe("1 4 3");
  });

  it("by an unsafe request covers every route's responses", async () => {
    const { site } = openJournalled({ config, origin });
    await numbers(site, "/a?id=1&x=2");
    await site.ask("/a?id=1&x=2", { method: "POST", body: "b" });
    expect(await numbers(site, "/a?id=1&x=2")).toBe("5 6 7");
  });
});

it("warming meets a condition on a field that the command sends", async () => {
  const { near } = openWarmSite({ config, origin });
  await callWarm(near, { pages: [{ url: "/a", headers: { "x-tv": "ios" } }] });
  await near.settle();
  expect((await near.get("/a", { headers: { "x-tv": "ios" } })).text).toBe("1 origin - ios - -");
});

it("an explanation names the fields in the key, and what a later route withholds", async () => {
  const site = openSite({ config, origin, env: { ADMIN_TOKEN: explainToken } });
  const { route, look } = await explained(site, "/a", { headers: app("pro") });
  expect(route.name).toBe("ios");
  expect(look?.key).toMatchObject({ fields: [["x-app", "…"]], cookies: { keyed: ["plan"] } });
  const later = await explained(site, "/a", { headers: app("gold") });
  expect(later.look?.key.cookies.leftOut).toEqual([
    { name: "plan", by: "when of an earlier route" },
  ]);
});
