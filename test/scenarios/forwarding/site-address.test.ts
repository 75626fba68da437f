// Tests answers that name the origin's own address. Clients get the site's address instead (RFC
// 9110 §7.4, §10.2.2).
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const own = "https://origin.invalid";
const site = "https://www.example.com";
const plain = "http://www.example.com";
const plainOrigin = { ORIGIN_URL: "http://127.0.0.1:31900" };
const ourselves = { ORIGIN_URL: site };

interface Row {
  readonly id: string;
  /** The name of the field. Default: `location`. */
  readonly name?: string;
  readonly said: string;
  /** The value that the client gets. Default: unchanged. */
  readonly seen?: string | null;
  readonly asked?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const links = (address: string) =>
  `<${address}/s.css>; rel=preload, </b>; rel=next, <https://cdn.example/x>; title="<https://"`;

const rows: readonly Row[] = [
  { id: "location", said: `${own}/account?a=1#b`, seen: `${site}/account?a=1#b` },
  { id: "bare", said: own, seen: site },
  { id: "in-capitals", said: "HTTPS://ORIGIN.INVALID/b", seen: `${site}/b` },
  { id: "behind-a-tls-proxy", said: "http://origin.invalid:80/b", seen: `${site}/b` },
  { id: "with-its-usual-port", said: `${own}:443/b`, seen: `${site}/b` },
  { id: "with-a-user-name", said: "https://me:word@origin.invalid/b", seen: `${site}/b` },
  { id: "without-a-scheme", said: "//origin.invalid/b", seen: "//www.example.com/b" },
  { id: "at-an-ip", said: "http://127.0.0.1:31900/b", seen: `${site}/b`, env: plainOrigin },
  { id: "to-tls", said: `${own}/b`, seen: `${site}/b`, asked: `${plain}/a` },
  { id: "same-page-to-tls", said: `${own}/a?b=1`, seen: `${site}/a?b=1`, asked: `${plain}/a?b=1` },
  { id: "without-tls", said: "http://origin.invalid/b", seen: `${plain}/b`, asked: `${plain}/a` },
  { id: "to-tls-without-the-port", said: `${own}/a`, seen: `${site}/a`, asked: `${plain}:8080/a` },
  {
    id: "to-tls-at-the-port-of-the-site",
    said: `${own}/a`,
    seen: `${site}:8443/a`,
    asked: `${plain}/a`,
    env: { SITE_HOST: "www.example.com:8443" },
  },
  {
    id: "at-the-port-of-the-request",
    said: "http://origin.invalid/a",
    seen: `${site}:8443/a`,
    asked: `${site}:8443/b`,
  },
  {
    id: "of-a-plain-origin-to-tls",
    said: "https://127.0.0.1:31900/b",
    seen: `${site}/b`,
    asked: `${plain}/a`,
    env: plainOrigin,
  },
  {
    id: "at-the-one-host-of-the-site",
    said: `${own}/b`,
    seen: "https://shop.example.com/b",
    env: { SITE_HOST: "shop.example.com" },
  },
  {
    id: "link-to-the-same-page",
    name: "link",
    said: "<http://origin.invalid/a>; rel=canonical",
    seen: `<${site}/a>; rel=canonical`,
  },
  { id: "links", name: "link", said: links(own), seen: links(site) },
  { id: "content-location", name: "content-location", said: `${own}/a`, seen: `${site}/a` },
  { id: "sourcemap", name: "sourcemap", said: `${own}/a.map`, seen: `${site}/a.map` },
  { id: "refresh", name: "refresh", said: `5; url=${own}/b`, seen: `5; url=${site}/b` },
  { id: "refresh-quoted", name: "refresh", said: `0;URL='${own}/b'`, seen: `0;URL='${site}/b'` },
  { id: "host", name: "host", said: "origin.invalid", seen: null },
  { id: "alt-svc", name: "alt-svc", said: 'h2="origin.invalid:8443"', seen: null },
  { id: "relative", said: `/b?u=${own}/` },
  { id: "another-host", said: "https://other.example/b" },
  { id: "a-longer-name", said: `${own}.example/b` },
  { id: "another-port", said: `${own}:8443/b` },
  { id: "the-site-itself", said: `${site}/a`, asked: `${plain}/a`, env: ourselves },
  { id: "the-site-itself-without-tls", said: `${plain}/b`, env: ourselves },
  { id: "refresh-of-itself", name: "refresh", said: "5" },
];

describe("a field that may name the origin's address", () => {
  it.each(rows)(
    "has the site's address, or is unchanged or removed: $id",
    async ({ name = "location", said, seen = said, asked = "/a", env = {} }) => {
      for (const cacheControl of ["max-age=60", "no-store"]) {
        const fields = cc(cacheControl, { [name]: said });
        const opened = openSite({ env, origin: () => page("page", fields) });
        for (const method of ["GET", "GET", "POST"]) {
          expect((await opened.get(asked, { method })).fields.get(name)).toBe(seen);
        }
      }
    },
  );

  it("changes if a named origin sends its own address", async () => {
    const api = "https://api.invalid";
    const config = {
      origins: { api: { url: api } },
      routes: [{ name: "all", match: "*", origin: "api" }],
    };
    const fields = cc("no-store", { location: `${api}/b` });
    const seen = await openSite({ config, origin: () => page("page", fields) }).get("/a");
    expect(seen.fields.get("location")).toBe(`${site}/b`);
  });

  it("changes, but the status, the body and other fields do not", async () => {
    const fields = cc("no-store", { location: `${own}/b`, "x-app": "1" });
    const opened = openSite({ origin: () => page("made", fields, 201) });
    const seen = await opened.get("/a", { method: "POST" });
    expect([seen.status, seen.text, seen.fields.get("x-app")]).toEqual([201, "made", "1"]);
  });

  it.each([204, 304])("changes in an answer without a body: %i", async (status) => {
    const headers = { location: `${own}/b` };
    const opened = openSite({ origin: () => new Response(null, { status, headers }) });
    const seen = await opened.get("/a", { headers: { "if-match": '"1"' } });
    expect([seen.status, seen.fields.get("location")]).toEqual([status, `${site}/b`]);
  });

  it("changes in the fields of a 304 that updates a stored response", async () => {
    const opened = openSite({
      origin: (_, nth) => {
        const fields = cc("no-cache", { etag: '"1"', link: `<${own}/${nth}.css>; rel=preload` });
        return nth === 1 ? page("page", fields) : unchanged(fields);
      },
    });
    await opened.get("/a");
    const seen = await opened.get("/a");
    const link = `<${site}/2.css>; rel=preload`;
    expect([seen.text, seen.fields.get("link")]).toEqual(["page", link]);
  });

  it("invalidates the page that it names by the origin's address (RFC 9111 §4.4)", async () => {
    const opened = openSite({
      origin: ({ method }, nth) =>
        method === "POST"
          ? page("done", { location: `${own}/list` }, 303)
          : page(`page ${nth}`, cc("max-age=60")),
    });
    await opened.get("/list");
    await opened.get("/new", { method: "POST" });
    expect((await opened.get("/list")).text).toBe("page 3");
  });
});

describe("the domain of a cookie", () => {
  const cookiesFor = async (cookie: string, url = "/a") => {
    const headers = new Headers(cc("no-store"));
    for (const each of [cookie, "t=2; Secure"]) headers.append("set-cookie", each);
    const opened = openSite({ origin: () => new Response("page", { headers }) });
    return (await opened.get(url)).fields.getSetCookie();
  };
  const ofOrigin = "s=1; Domain=origin.invalid; Path=/";

  it.each([
    { id: "the origin's", said: ofOrigin, seen: "s=1; Path=/" },
    { id: "the origin's with a dot", said: "s=1; domain=.Origin.Invalid", seen: "s=1" },
    { id: "another", said: "s=1; Domain=example.com", seen: "s=1; Domain=example.com" },
    { id: "none", said: "s=domain", seen: "s=domain" },
    // A parser that reads each space twice would exceed the test's time.
    { id: "many spaces", said: `s=1; Domain=${" ".repeat(100_000)}x y` },
    { id: "many spaces within", said: `s=1; Domain=x${" ".repeat(100_000)}y` },
    { id: "many spaces within a path", said: `s=1; Path=/x${" ".repeat(100_000)}y` },
  ])("is removed if it is the origin's: $id", async ({ said, seen = said }) => {
    expect(await cookiesFor(said)).toEqual([seen, "t=2; Secure"]);
  });

  it.each([
    { url: "https://www.origin.invalid/a", isKept: true },
    { url: "https://www.origin.invalid:8443/a", isKept: true },
    { url: "https://notorigin.invalid/a", isKept: false },
  ])("stays if the site's host is below the origin's: $url", async ({ url, isKept }) => {
    const [cookie] = await cookiesFor(ofOrigin, url);
    expect(cookie).toBe(isKept ? ofOrigin : "s=1; Path=/");
  });
});

it.each([
  { env: {}, url: `${plain}/a?b=1`, sent: `${plain}/a?b=1` },
  { env: { SITE_HOST: "www.example.com" }, url: "https://alias.example/a", sent: `${site}/a` },
])("sends the site's own host to a service binding: $url", async ({ env, url, sent }) => {
  const asked: string[] = [];
  const ORIGIN = {
    fetch: async (to: string) => {
      asked.push(to);
      return page("page", { location: new URL("/b", to).href, host: "x" });
    },
  };
  const seen = await openSite({ env: { ...env, ORIGIN } }).get(url);
  expect(asked).toEqual([sent]);
  expect(seen.fields.get("location")).toBe(new URL("/b", sent).href);
  expect(seen.fields.has("host")).toBe(false);
});
