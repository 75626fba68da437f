// Where an answer names its origin's own address, clients get the site's (RFC 9110 §7.4, §10.2.2).
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";

const plainOrigin = { ORIGIN_URL: "http://127.0.0.1:31900" };

interface Row {
  readonly id: string;
  readonly name: string;
  readonly said: string;
  readonly seen: string | null;
  readonly asked?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Stored, passed on unstored, and passed by: what a client sees. */
async function seenIn(site: Site, asked: string, name: string): Promise<(string | null)[]> {
  const answers = [await site.get(asked), await site.get(asked)];
  answers.push(await site.get(asked, { method: "POST" }));
  return answers.map(({ fields }) => fields.get(name));
}

describe("what clients see of an origin's own address", () => {
  it.each<Row>([
    {
      id: "location",
      name: "location",
      said: "https://origin.invalid/account?a=1#b",
      seen: "https://www.example.com/account?a=1#b",
    },
    {
      id: "bare",
      name: "location",
      said: "https://origin.invalid",
      seen: "https://www.example.com",
    },
    {
      id: "in-capitals",
      name: "location",
      said: "HTTPS://ORIGIN.INVALID/b",
      seen: "https://www.example.com/b",
    },
    {
      id: "behind-what-ends-tls",
      name: "location",
      said: "http://origin.invalid:80/b",
      seen: "https://www.example.com/b",
    },
    {
      id: "with-its-usual-port",
      name: "location",
      said: "https://origin.invalid:443/b",
      seen: "https://www.example.com/b",
    },
    {
      id: "with-a-user-name",
      name: "location",
      said: "https://me:word@origin.invalid/b",
      seen: "https://www.example.com/b",
    },
    {
      id: "of-an-origin-without-tls",
      name: "location",
      said: "http://127.0.0.1:31900/account",
      seen: "https://www.example.com/account",
      env: plainOrigin,
    },
    {
      id: "of-a-client-without-tls",
      name: "location",
      said: "https://origin.invalid/b",
      seen: "https://www.example.com/b",
      asked: "http://www.example.com/a",
    },
    {
      id: "without-tls-either-way",
      name: "location",
      said: "http://origin.invalid/b",
      seen: "http://www.example.com/b",
      asked: "http://www.example.com/a",
    },
    {
      id: "to-tls-without-the-port-that-has-none",
      name: "location",
      said: "https://origin.invalid/a",
      seen: "https://www.example.com/a",
      asked: "http://www.example.com:8080/a",
    },
    {
      id: "to-tls-at-the-port-that-the-site-has",
      name: "location",
      said: "https://origin.invalid/a",
      seen: "https://www.example.com:8443/a",
      asked: "http://www.example.com/a",
      env: { SITE_HOST: "www.example.com:8443" },
    },
    {
      id: "at-its-own-port-by-the-same-scheme",
      name: "location",
      said: "http://origin.invalid/a",
      seen: "https://www.example.com:8443/a",
      asked: "https://www.example.com:8443/b",
    },
    {
      id: "a-link-to-the-same-page-of-an-origin-behind-what-ends-tls",
      name: "link",
      said: "<http://origin.invalid/a>; rel=canonical",
      seen: "<https://www.example.com/a>; rel=canonical",
    },
    {
      id: "sends-the-same-page-to-tls",
      name: "location",
      said: "https://origin.invalid/a?b=1",
      seen: "https://www.example.com/a?b=1",
      asked: "http://www.example.com/a?b=1",
    },
    {
      id: "sends-any-page-to-tls",
      name: "location",
      said: "https://127.0.0.1:31900/b",
      seen: "https://www.example.com/b",
      asked: "http://www.example.com/a",
      env: plainOrigin,
    },
    {
      id: "without-a-scheme",
      name: "location",
      said: "//origin.invalid/b",
      seen: "//www.example.com/b",
    },
    {
      id: "at-the-one-host-of-the-site",
      name: "location",
      said: "https://origin.invalid/b",
      seen: "https://shop.example.com/b",
      env: { SITE_HOST: "shop.example.com" },
    },
    {
      id: "relative",
      name: "location",
      said: "/b?u=https://origin.invalid/",
      seen: "/b?u=https://origin.invalid/",
    },
    {
      id: "another-host",
      name: "location",
      said: "https://other.example/b",
      seen: "https://other.example/b",
    },
    {
      id: "a-longer-name",
      name: "location",
      said: "https://origin.invalid.example/b",
      seen: "https://origin.invalid.example/b",
    },
    {
      id: "another-port",
      name: "location",
      said: "https://origin.invalid:8443/b",
      seen: "https://origin.invalid:8443/b",
    },
    {
      id: "the-site-itself",
      name: "location",
      said: "https://www.example.com/a",
      seen: "https://www.example.com/a",
      asked: "http://www.example.com/a",
      env: { ORIGIN_URL: "https://www.example.com" },
    },
    {
      id: "the-site-itself-without-tls",
      name: "location",
      said: "http://www.example.com/b",
      seen: "http://www.example.com/b",
      env: { ORIGIN_URL: "https://www.example.com" },
    },
    {
      id: "content-location",
      name: "content-location",
      said: "https://origin.invalid/a.html",
      seen: "https://www.example.com/a.html",
    },
    {
      id: "sourcemap",
      name: "sourcemap",
      said: "https://origin.invalid/a.map",
      seen: "https://www.example.com/a.map",
    },
    {
      id: "links",
      name: "link",
      said: '<https://origin.invalid/s.css>; rel=preload, </b>; rel=next, <https://cdn.example/x>; title="<https://"',
      seen: '<https://www.example.com/s.css>; rel=preload, </b>; rel=next, <https://cdn.example/x>; title="<https://"',
    },
    {
      id: "refresh",
      name: "refresh",
      said: "5; url=https://origin.invalid/b",
      seen: "5; url=https://www.example.com/b",
    },
    {
      id: "refresh-in-quotes",
      name: "refresh",
      said: "0;URL='https://origin.invalid/b'",
      seen: "0;URL='https://www.example.com/b'",
    },
    { id: "refresh-of-itself", name: "refresh", said: "5", seen: "5" },
    { id: "host", name: "host", said: "origin.invalid", seen: null },
    { id: "other-ways-to-it", name: "alt-svc", said: 'h2="origin.invalid:8443"', seen: null },
  ])("$id", async ({ name, said, seen, asked = "/a", env = {} }) => {
    for (const cacheControl of ["max-age=60", "no-store"]) {
      const site = openSite({
        env,
        origin: () => page("page", cc(cacheControl, { [name]: said })),
      });
      expect(await seenIn(site, asked, name)).toEqual([seen, seen, seen]);
    }
  });

  it.each([
    { id: "its-own", said: "s=1; Domain=origin.invalid; Path=/", seen: "s=1; Path=/" },
    { id: "with-a-dot", said: "s=1; domain=.Origin.Invalid", seen: "s=1" },
    { id: "another", said: "s=1; Domain=example.com", seen: "s=1; Domain=example.com" },
    { id: "none", said: "s=domain", seen: "s=domain" },
  ])("of a cookie's domain: $id", async ({ said, seen }) => {
    const answer = () => {
      const headers = new Headers(cc("no-store"));
      for (const cookie of [said, "t=2; Secure"]) headers.append("set-cookie", cookie);
      return new Response("page", { headers });
    };
    const site = openSite({ origin: answer });
    expect((await site.get("/a")).fields.getSetCookie()).toEqual([seen, "t=2; Secure"]);
  });

  it.each([
    { id: "its-host-is-within-it", url: "https://www.origin.invalid/a", isKept: true },
    { id: "its-host-at-a-port", url: "https://www.origin.invalid:8443/a", isKept: true },
    { id: "its-host-ends-alike", url: "https://notorigin.invalid/a", isKept: false },
  ])("a cookie's domain stays where the site is within it: $id", async ({ url, isKept }) => {
    const cookie = "s=1; Domain=origin.invalid; Path=/";
    const fields = cc("no-store", { "set-cookie": cookie });
    const site = openSite({ origin: () => page("page", fields) });
    const seen = await site.get(url);
    expect(seen.fields.getSetCookie()).toEqual([isKept ? cookie : "s=1; Path=/"]);
  });

  // A reading that looks twice at each space would outlast the test's time.
  it("reads a cookie of many spaces in one go", async () => {
    const cookie = `s=1; Domain=${" ".repeat(100_000)}x y`;
    const fields = cc("no-store", { "set-cookie": cookie });
    const site = openSite({ origin: () => page("page", fields) });
    expect((await site.get("/a")).fields.getSetCookie()).toEqual([cookie]);
  });

  it("keeps status, body and all else of the answer", async () => {
    const fields = cc("no-store", { location: "https://origin.invalid/b", "x-app": "1" });
    const site = openSite({ origin: () => page("made", fields, 201) });
    const seen = await site.get("/a", { method: "POST" });
    expect([seen.status, seen.text, seen.fields.get("x-app")]).toEqual([201, "made", "1"]);
  });

  it.each([204, 304])("of an answer that has no body: %i", async (status) => {
    const fields = { location: "https://origin.invalid/b" };
    const site = openSite({ origin: () => new Response(null, { status, headers: fields }) });
    const seen = await site.get("/a", { headers: { "if-match": '"1"' } });
    expect([seen.status, seen.fields.get("location")]).toEqual([
      status,
      "https://www.example.com/b",
    ]);
  });

  it("is also what a 304 brings", async () => {
    const site = openSite({
      origin: (_, nth) => {
        const link = `<https://origin.invalid/${nth}.css>; rel=preload`;
        const fields = cc("no-cache", { etag: '"1"', link });
        return nth === 1
          ? page("page", fields)
          : new Response(null, { status: 304, headers: fields });
      },
    });
    await site.get("/a");
    const seen = await site.get("/a");
    expect([seen.text, seen.fields.get("link")]).toEqual([
      "page",
      "<https://www.example.com/2.css>; rel=preload",
    ]);
  });
});

it("invalidates what an answer names by its origin's own address (RFC 9111 §4.4)", async () => {
  const site = openSite({
    origin: ({ method }, nth) =>
      method === "POST"
        ? page("done", { location: "https://origin.invalid/list" }, 303)
        : page(`page ${nth}`, cc("max-age=60")),
  });
  await site.get("/list");
  await site.get("/new", { method: "POST" });
  expect((await site.get("/list")).text).toBe("page 3");
});

describe("an origin that clients may see", () => {
  const api = { url: "https://origin.invalid" };
  const route = { name: "all", match: "*", origin: "api" };

  it.each<{ id: string; config: ConfigInput; isSeen: boolean }>([
    { id: "no-origin-may", config: {}, isSeen: false },
    { id: "all-may", config: { rewriteLocations: false }, isSeen: true },
    {
      id: "one-may",
      config: { origins: { api: { ...api, rewriteLocations: false } }, routes: [route] },
      isSeen: true,
    },
    {
      id: "all-but-one-may",
      config: {
        rewriteLocations: false,
        origins: { api: { ...api, rewriteLocations: true } },
        routes: [route],
      },
      isSeen: false,
    },
  ])("$id", async ({ config, isSeen }) => {
    const location = "https://origin.invalid/b";
    const fields: FieldTexts = cc("no-store", { location, host: "origin.invalid" });
    const site = openSite({ config, origin: () => page("page", fields) });
    const seen = await site.get("/a");
    expect(seen.fields.get("location")).toBe(isSeen ? location : "https://www.example.com/b");
    expect(seen.fields.has("host")).toBe(false);
  });
});

describe("a service binding", () => {
  const asked: string[] = [];
  const service = {
    fetch: (url: string) => {
      asked.push(url);
      return Promise.resolve(page("page", { location: new URL("/b", url).href, host: "x" }));
    },
  };

  it.each([
    {
      id: "host",
      env: {},
      url: "http://www.example.com/a?b=1",
      sent: "http://www.example.com/a?b=1",
    },
    {
      id: "one-host",
      env: { SITE_HOST: "www.example.com" },
      url: "https://alias.example/a",
      sent: "https://www.example.com/a",
    },
  ])("is asked by the site's own name: $id", async ({ env, url, sent }) => {
    const site = openSite({ env: { ...env, ORIGIN: service } });
    const seen = await site.get(url);
    expect(asked.at(-1)).toBe(sent);
    expect(seen.fields.get("location")).toBe(new URL("/b", sent).href);
    expect(seen.fields.has("host")).toBe(false);
  });
});
