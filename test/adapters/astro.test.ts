// Tests the cache provider for Astro over a real Redis, with a function in place of Astro's rendering. The cases of
// withastro/astro packages/astro/test/units/cache/memory-provider.test.ts and of `collectInvalidationTags` in
// provider-utils.test.ts are among them. Not ported: options of the memory provider (`max`, `query`), whose place
// `limits` and routes of the configuration take, and its `X-Astro-Cache`, in place of which there is `Cache-Status`.
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import "../../testing/fakes/workers-globals.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { AstroVisit } from "../../src/adapters/astro/visit.ts";
import {
  type AstroCacheProvider,
  type AstroLifetimes,
  astroCache,
  default as astroProvider,
} from "../../src/adapters/astro/provider.ts";
import { settled } from "../../src/platform/process-context.ts";
import type { WrittenConfig } from "../../src/tidemark.ts";

const running = new Running();
let url = "";
beforeAll(async () => void ({ url } = await running.add(startEmbeddedValkey())));
afterAll(() => running.stop());
afterEach(() => void vi.useRealTimers());

let sites = 0;
const errors: string[] = [];
const logger = { error: (message: string) => void errors.push(message) };

const build = "4f2c9a1";

/** Opens the provider of a process. Each test has a namespace of its own. */
function opened(
  written: WrittenConfig = {},
  namespace = `site-${(sites += 1)}`,
  options = { build },
  env: object = {},
) {
  const redis = new Redis(url);
  void running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
  const provider = astroCache({ ...written, namespace }, { redis, env })(options);
  return { provider, namespace };
}

interface Page extends AstroLifetimes {
  readonly body?: string | null;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Runs while the page renders. */
  readonly during?: (request: Request) => Promise<void> | void;
  readonly cookies?: readonly string[];
}

/** Requests a page as Astro does. Waits until the body is stored. */
async function get(
  provider: AstroCacheProvider,
  asked: string | Request,
  { body = "ok", status = 200, headers, during, cookies, ...lifetimes }: Page = {},
) {
  const request =
    typeof asked === "string"
      ? new Request(asked.startsWith("/") ? `http://localhost${asked}` : asked)
      : asked;
  let renderings = 0;
  const next = async () => {
    renderings += 1;
    await during?.(request);
    const response = new Response(body, headers && { headers, status });
    const rendered = new Response(response.body, { status, headers: response.headers });
    for (const [name, value] of provider.setHeaders(lifetimes)) rendered.headers.set(name, value);
    if (cookies !== undefined) {
      Reflect.set(rendered, Symbol.for("astro.cookies"), { headers: () => cookies });
    }
    return rendered;
  };
  const response = await provider.onRequest({ request, logger }, next);
  const text = await response.text();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { response, text, renderings, told: response.headers.get("cache-status") ?? "" };
}

const minute = { maxAge: 60 };

describe("pages", () => {
  it("a page without a lifetime is rendered each time, even if the configuration has one", async () => {
    const { provider } = opened({ routes: [{ name: "all", match: "*", fresh: "5m" }] });
    await get(provider, "/page", { tags: ["news"] });
    const second = await get(provider, "/page", { body: "second" });
    expect(second).toMatchObject({ text: "second", renderings: 1 });
  });

  it("a page with a lifetime is a miss, and then a hit, with its status and its fields", async () => {
    const { provider } = opened();
    const headers = { "content-type": "application/json", "x-custom": "hello" };
    const first = await get(provider, "/page", { ...minute, status: 203, body: "{}", headers });
    expect(first.told).toContain("fwd=uri-miss");
    const { response, text, told, renderings } = await get(provider, "/page", { body: "other" });
    expect({ text, renderings, status: response.status }).toEqual({
      text: "{}",
      renderings: 0,
      status: 203,
    });
    expect(told).toContain("hit");
    expect(response.headers.get("x-custom")).toBe("hello");
    expect(response.headers.get("content-type")).toBe("application/json");
  });

  it("other methods reach Astro with their body", async () => {
    const { provider } = opened();
    await get(provider, "/page", minute);
    const posted = new Request("http://localhost/page", { method: "POST", body: "text" });
    const during = async (request: Request) => expect(await request.text()).toBe("text");
    const { renderings, told } = await get(provider, posted, { ...minute, during });
    expect({ renderings, told }).toEqual({ renderings: 1, told: "" });
  });

  it.each(["GET", "POST"])("%s to operatorHost does not reach Astro", async (method) => {
    const { provider } = opened({ operatorHost: "ops.example.com" });
    const asked = new Request("http://ops.example.com/page", { method });
    const { response, renderings } = await get(provider, asked);
    expect([response.status, renderings]).toEqual([404, 0]);
  });

  it("a request with Authorization is rendered, and a page that says `private` is not stored", async () => {
    const { provider } = opened();
    const authorized = () =>
      new Request("http://localhost/page", { headers: { authorization: "Bearer a" } });
    await get(provider, "/page", minute);
    expect((await get(provider, authorized(), { body: "ada" })).text).toBe("ada");
    const headers = { "cdn-cache-control": "private" };
    await get(provider, "/mine", { headers, body: "ada" });
    expect((await get(provider, "/mine", { headers, body: "bob" })).text).toBe("bob");
  });

  it.each([
    ["a field", { headers: { "set-cookie": "user=ada" } }],
    ["Astro.cookies", { cookies: ["user=ada"] }],
  ])(
    "a page that sets a cookie by %s is not stored, and its client gets the cookie",
    async (_, sets) => {
      const { provider } = opened();
      const first = await get(provider, "/page", { ...minute, ...sets });
      const attached = Reflect.get(first.response, Symbol.for("astro.cookies")) as
        | { headers: () => string[] }
        | undefined;
      expect([...first.response.headers.getSetCookie(), ...(attached?.headers() ?? [])]).toEqual([
        "user=ada",
      ]);
      expect((await get(provider, "/page", { ...minute, body: "second" })).text).toBe("second");
    },
  );

  it.each<[client: string, headers: Record<string, string>]>([
    ["a cookie", { cookie: "session=ada" }],
    ["a cookie that the route ignores or keys", { cookie: "ignored=1; keyed=1" }],
    ["a credential", { "x-api-key": "of-ada" }],
  ])("a page that was rendered for a client with %s is this client's alone", async (_, headers) => {
    const route = { cookies: { ignore: ["ignored"] }, key: { cookies: ["keyed"] } };
    const { provider } = opened({ routes: [{ name: "all", match: "*", ...route }] });
    const asked = () => new Request("http://localhost/page", { headers });
    const shared = { "cache-control": "public, max-age=60" };
    const mine = await get(provider, asked(), { ...minute, headers: shared, body: "of ada" });
    expect([mine.text, mine.told]).toEqual([
      "of ada",
      "tidemark; fwd=bypass; fwd-status=200; detail=caller",
    ]);
    expect(mine.response.headers.get("cache-control")).toBe("max-age=60, private");
    expect((await get(provider, "/page", { ...minute, body: "of all" })).text).toBe("of all");
    const { text, renderings } = await get(provider, asked(), { body: "of ada" });
    const isKeyed = headers["cookie"]?.includes("keyed") === true;
    expect([text, renderings]).toEqual(isKeyed ? ["of ada", 1] : ["of all", 0]);
  });

  it("a client whose cookies are all harmless leads to a page of all", async () => {
    const { provider } = opened({ cookies: { harmless: ["_ga"] } });
    const asked = new Request("http://localhost/page", { headers: { cookie: "_ga=1" } });
    await get(provider, asked, { ...minute, body: "of all" });
    expect(await get(provider, "/page")).toMatchObject({ text: "of all", renderings: 0 });
  });

  it("tracking parameters are part of the key, unless the configuration strips them", async () => {
    const [plain, empty] = [opened(), opened({ key: { query: {} } })];
    const stripped = opened({ key: { query: { strip: [] } } });
    for (const { provider } of [plain, empty, stripped])
      await get(provider, "/page", { ...minute, body: "first" });
    const asked = "/page?utm_source=a&gclid=b";
    for (const { provider } of [plain, empty]) expect((await get(provider, asked)).text).toBe("ok");
    expect((await get(stripped.provider, asked)).text).toBe("first");
  });

  const stripping: WrittenConfig = { key: { query: { strip: [] } } };
  const allowing: WrittenConfig = {
    routes: [{ name: "all", match: "*", query: { allow: ["page"] } }],
  };
  it.each<[string, { written?: WrittenConfig; asked: string; env?: object }]>([
    ["key.query.strip", { written: stripping, asked: "http://localhost/list?page=1&gclid=b" }],
    ["query.allow", { written: allowing, asked: "http://localhost/list?page=1&title=b" }],
    ["SITE_HOST", { env: { SITE_HOST: "localhost" }, asked: "http://127.0.0.1/list?page=1" }],
  ])("a request gets a page of its URL's own, which is not stored for all: %s", async (_, row) => {
    const { written, asked, env } = row;
    const { provider } = opened(written, undefined, undefined, env);
    await get(provider, "/list?page=0", minute);
    const own = await get(provider, asked, { ...minute, body: "of another URL" });
    expect(own.told).toContain("detail=caller");
    const ofAll = await get(provider, "/list?page=1", { ...minute, body: "of all" });
    expect(ofAll).toMatchObject({ text: "of all", renderings: 1 });
    expect((await get(provider, asked)).text).toBe("of all");
  });

  it.each<[string, WrittenConfig, string]>([
    [
      "query.order",
      { routes: [{ name: "all", match: "*", query: { order: "sort" } }] },
      "/list?q=a&page=2",
    ],
    ["a form without values", {}, "/search?"],
  ])("a page is stored by a URL that only the key spells otherwise: %s", async (...row) => {
    const [, written, asked] = row;
    const { provider } = opened(written);
    await get(provider, asked, minute);
    expect((await get(provider, asked)).told).toContain("hit");
  });

  it("the page sees only what the key has of `request.cf`", async () => {
    const { provider } = opened();
    const request = new Request("http://localhost/page");
    Object.defineProperty(request, "cf", { value: { country: "DE" }, configurable: true });
    const during = (rendered: Request) =>
      expect(Object(Reflect.get(rendered, "cf"))).not.toHaveProperty("country");
    expect(await get(provider, request, { ...minute, during })).toMatchObject({ renderings: 1 });
  });

  it("a page that is prerendered at build time passes by the cache", async () => {
    const { provider } = opened();
    await get(provider, "/page", minute);
    const request = new Request("http://localhost/page");
    Object.defineProperty(request, "headers", { get: () => new Headers() });
    expect(await get(provider, request, { body: "built" })).toMatchObject({
      text: "built",
      told: "",
    });
  });

  it("the page sees the fields that the cache forwards", async () => {
    const { provider } = opened();
    const headers = { "x-forwarded-host": "evil.example", "accept-language": "en" };
    const during = (request: Request) => {
      expect(request.headers.get("x-forwarded-host")).not.toBe("evil.example");
      expect(request.headers.get("accept-language")).toBe("en");
    };
    const asked = new Request("http://localhost/page", { headers });
    expect(await get(provider, asked, { ...minute, during })).toMatchObject({
      renderings: 1,
      text: "ok",
    });
  });
});

describe("a client that sends the fields of a proxy", () => {
  it.each([{}, { trustProxy: false }] satisfies WrittenConfig[])(
    "cannot choose the key: %j",
    async (written) => {
      const { provider } = opened(written);
      const headers = {
        "x-forwarded-for": "192.0.2.1",
        "x-forwarded-host": "other.example",
        "x-forwarded-proto": "https",
      };
      const forged = new Request("http://localhost/page", { headers });
      Reflect.set(forged, Symbol.for("astro.clientAddress"), "203.0.113.9");
      await get(provider, forged, { ...minute, body: "forged" });
      for (const scheme of ["http", "https"]) {
        expect((await get(provider, `${scheme}://other.example/page`)).text).toBe("ok");
      }
      expect((await get(provider, "/page")).text).toBe("forged");
    },
  );

  it.each([1, ["loopback"]])("cannot be trusted: trustProxy: %j is refused", (trustProxy) => {
    const message = /does not accept trustProxy\. .* `security\.allowedDomains`/;
    expect(() => astroCache({ trustProxy })).toThrow(message);
    expect(() => astroProvider({ trustProxy })).toThrow(message);
  });
});

it.each([
  [
    { parts: [{ kind: "site" as const, name: "varnish", contents: {} }] },
    /does not accept varnish/,
  ],
])("an option without effect is refused: %j", (written, message) => {
  expect(() => astroCache(written)).toThrow(message);
});

it("a build without a name is refused", () => {
  for (const opens of [astroCache(), astroProvider]) expect(opens).toThrow("config: { build:");
  expect(() => astroProvider({ build: "a b" })).toThrow("Pass a name such as a commit");
});

describe("stale pages", () => {
  it("that are rendered again are among the work for which `settled` waits", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { provider } = opened();
    const lifetimes = { maxAge: 1, swr: 600 };
    await get(provider, "/page", { ...lifetimes, body: "old" });
    vi.setSystemTime(Date.now() + 10_000);
    let isRendered = false;
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const during = async () => {
      begun.resolve();
      await gate.promise;
      isRendered = true;
    };
    await get(provider, "/page", { ...lifetimes, body: "new", during });
    await begun.promise;
    expect(isRendered).toBe(false);
    const settling = settled();
    gate.resolve();
    await settling;
    expect(isRendered).toBe(true);
  });

  it("answer within `swr`, and only a client without cookies has them rendered again", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { provider } = opened();
    const lifetimes = { maxAge: 1, swr: 600 };
    await get(provider, "/page", { ...lifetimes, body: "old" });
    vi.setSystemTime(Date.now() + 10_000);
    const withCookie = { method: "HEAD", headers: { cookie: "user=ada" } };
    const own = new Request("http://localhost/page", withCookie);
    const refusal = { headers: { "cache-control": "private" }, body: "of ada" };
    const head = await get(provider, own, refusal);
    expect([head.response.status, head.renderings]).toEqual([200, 0]);
    expect(head.told).toMatch(/hit; ttl=-/);
    const seen: unknown[] = [];
    const during = ({ method, headers }: Request) =>
      void seen.push([method, headers.get("cookie")]);
    const anonymous = new Request("http://localhost/page", { method: "HEAD" });
    await get(provider, anonymous, { ...lifetimes, body: "new", during });
    await vi.waitFor(() => expect(seen).toEqual([["GET", null]]));
    await vi.waitFor(async () =>
      expect((await get(provider, "/page", { body: "none" })).text).toBe("new"),
    );
    vi.setSystemTime(Date.now() + 700_000);
    expect((await get(provider, own.clone(), refusal)).renderings).toBe(1);
  });

  it("answer for a rendering that fails within `staleIfError`, and the error is logged", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { provider } = opened({ routes: [{ name: "all", match: "*", staleIfError: "1h" }] });
    await get(provider, "/page", { maxAge: 1, body: "old" });
    vi.setSystemTime(Date.now() + 10_000);
    errors.length = 0;
    const during = () => Promise.reject(new Error("The query failed."));
    const { text, renderings } = await get(provider, "/page", { during });
    expect(text).toBe("old");
    expect(errors).toEqual(Array(renderings).fill(expect.stringContaining("The query failed.")));
  });
});

describe("errors", () => {
  it("an error of the rendering reaches Astro, which renders its page for it", async () => {
    const { provider } = opened();
    const during = () => Promise.reject(new Error("The query failed."));
    await expect(get(provider, "/page", { during })).rejects.toThrow("The query failed.");
  });

  it.each([404, 500])(
    "an answer with %i and no body stays without a body, for Astro's page",
    async (status) => {
      const { provider } = opened();
      const page = { ...minute, status, body: null };
      const both = [get(provider, "/page", page), get(provider, "/page", page)];
      for (const { response } of await Promise.all(both)) {
        expect([response.status, response.body]).toEqual([status, null]);
      }
    },
  );

  it("a probe of another page answers without a rendering", async () => {
    const request = new Request("http://localhost/page");
    const next = vi.fn<() => Promise<Response>>(async () => new Response("ok"));
    const visit = new AstroVisit({ request, logger }, next);
    expect((await visit.rendered(new Request("http://localhost/"))).status).toBe(204);
    expect(next).not.toHaveBeenCalled();
    expect(await (await visit.rendered(new Request("http://localhost/page/"))).text()).toBe("ok");
  });
});

describe("invalidate", () => {
  const purged = async (provider: AstroCacheProvider, asked: string) =>
    (await get(provider, asked, { ...minute, body: "new" })).text === "new";

  it("by tag ends the pages with the tag, and no others", async () => {
    const { provider } = opened();
    const tags = ["product", "a, b", "café 日本"];
    for (const [at, tag] of tags.entries())
      await get(provider, `/${at}`, { ...minute, tags: [tag] });
    await provider.invalidate({ tags: ["blog", "a", "b"] });
    expect(await Promise.all(tags.map((_, at) => purged(provider, `/${at}`)))).toEqual([
      false,
      false,
      false,
    ]);
    await provider.invalidate({ tags: "product" });
    await provider.invalidate({ tags: tags.slice(1) });
    expect(await Promise.all(tags.map((_, at) => purged(provider, `/${at}`)))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each([
    ["/a", ["/a", "/a/", "/a?page=2", "//a", "/%61", "/%2561"]],
    ["/a/?page=1", ["/a", "/a/"]],
    ["/caf%C3%A9,x", ["/café,x", "/caf%C3%A9%2Cx/"]],
    [`/${"a,".repeat(90)}`, [`/${"a,".repeat(90)}`]],
    [`/${"long/".repeat(80)}`, [`/${"long/".repeat(80)}`]],
    ["/", ["/", "/?a=1"]],
  ])("by the path %s ends %j, and no other page", async (path, pages) => {
    const { provider } = opened();
    for (const page of [...pages, "/a/b", "/ab"]) await get(provider, page, minute);
    await provider.invalidate({ path });
    for (const page of pages) expect([page, await purged(provider, page)]).toEqual([page, true]);
    expect(await purged(provider, "/a/b")).toBe(false);
    expect(await purged(provider, "/ab")).toBe(false);
  });

  it("during a rendering also ends the page that is rendered", async () => {
    const { provider } = opened();
    const during = () => provider.invalidate({ tags: ["news"] });
    await get(provider, "/page", { ...minute, tags: ["news"], during });
    expect(await purged(provider, "/page")).toBe(true);
    const duringPath = () => provider.invalidate({ path: "/other" });
    await get(provider, "/other", { ...minute, during: duringPath });
    expect(await purged(provider, "/other")).toBe(true);
  });

  it("by EmDash, when an editor publishes, ends the page of the entry and the lists of its collection", async () => {
    const { provider } = opened();
    // EmDash returns these hints, and Astro merges those of a page.
    const [id, lastModified] = ["01JX5Y0E6K3W1V8Z9T4R2Q7M5N", new Date(0)];
    const pages = [
      ["/posts/hello", [id]],
      ["/posts", ["posts"]],
      ["/", ["pages", "posts"]],
      ["/posts/other", ["01JX5Y0E6K3W1V8Z9T4R2Q7M5P"]],
      ["/about", ["pages"]],
    ] as const;
    for (const [page, tags] of pages) await get(provider, page, { ...minute, tags, lastModified });
    await provider.invalidate({ tags: ["posts", id] });
    const ended: string[] = [];
    for (const [page] of pages) if (await purged(provider, page)) ended.push(page);
    expect(ended).toEqual(["/posts/hello", "/posts", "/"]);
    // A draft that was duplicated, and a page with only the date of the build, which is not stored.
    await provider.invalidate({ tags: ["posts"] });
    expect(await purged(provider, "/about")).toBe(false);
    await get(provider, "/plain", { lastModified });
    expect((await get(provider, "/plain", { body: "new" })).text).toBe("new");
  });

  it("in one process ends the pages of another build, which answer only there", async () => {
    const old = opened();
    const { provider } = opened({}, old.namespace, { build: "new" });
    const tagged = { ...minute, tags: ["news"] };
    await get(old.provider, "/page", { ...tagged, body: "old" });
    expect(await get(provider, "/page", { ...tagged, body: "new" })).toMatchObject({ text: "new" });
    expect((await get(provider, "/page")).text).toBe("new");
    expect((await get(old.provider, "/page")).text).toBe("old");
    await provider.invalidate({ tags: ["news"] });
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 11_000);
    expect(await purged(old.provider, "/page")).toBe(true);
  });

  it("of an entry without tags does nothing, and without any name it rejects", async () => {
    const { provider } = opened();
    await provider.invalidate({ tags: [] });
    await expect(provider.invalidate({})).rejects.toThrow("names neither a path nor tags");
  });

  it("rejects without a database, and while Redis does not answer", async () => {
    await expect(
      astroCache({}, { env: {} })({ build }).invalidate({ tags: ["a"] }),
    ).rejects.toThrow("No journal is configured. Pass stores");
    const redis = new Redis({
      port: 1,
      host: "127.0.0.1",
      lazyConnect: true,
      retryStrategy: () => null,
    });
    redis.on("error", () => undefined);
    const provider = astroCache({}, { redis, env: {} })({ build });
    await expect(provider.invalidate({ tags: ["a"] })).rejects.toThrow(
      "The purge was not accepted",
    );
  });
});
