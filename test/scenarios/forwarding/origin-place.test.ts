// Tests routes whose pages have another path or host at the origin: what the origin gets, what clients get
// back, and that no spelling of a path leads outside of the place.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";

const config: ConfigInput = {
  routes: [
    { name: "old", match: "/old/*", origin: { from: "/old", to: "/new/x" }, fresh: "5m" },
    { name: "up", match: "/up/a/*", origin: { from: "/up/a", to: "/" }, fresh: "5m" },
    {
      name: "tenant",
      match: "*",
      origin: { from: "/", to: "/t", host: "t.example" },
      fresh: "5m",
    },
  ],
};

/** Answers with the path and the stated host. */
const origin: Script = ({ url, headers }) => {
  const { pathname, search } = new URL(url);
  return page(`${pathname}${search} ${headers.get("x-forwarded-host")}`);
};

const site = () => openSite({ config, origin });

describe("the origin", () => {
  it.each([
    ["/old/a?b=1", "/new/x/a?b=1 www.example.com"],
    ["/old", "/new/x www.example.com"],
    ["/old/", "/new/x/ www.example.com"],
    ["/%6Fld/%61", "/new/x/%61 www.example.com"],
    ["/old/a%2Fb", "/new/x/a%2Fb www.example.com"],
    ["/up/a/b/", "/b/ www.example.com"],
    ["/up/a", "/ www.example.com"],
    ["/oldest", "/t/oldest t.example"],
    ["/", "/t/ t.example"],
  ])("gets %s at its own place, as do bypassed requests", async (path, gets) => {
    const client = site();
    expect((await client.get(path)).text).toBe(gets);
    const posted = await client.get(path, { method: "POST", body: "b" });
    expect(posted.text).toBe(gets);
  });

  it.each([
    "/old/..%2f..%2fsecret",
    "/old/..;/..;/secret",
    "/old/%252e%252e/%252e%252e/secret",
    "/..%2fother/secret",
    "/up/a/_cache/purge",
    "/up/a/%5fcache/x",
    "/up/a/x/..%2f_cache/y",
  ])("never gets a path outside of its place, or the operator's: %s", async (path) => {
    for (const method of ["GET", "POST"]) {
      const client = site();
      expect((await client.get(path, { method })).status).toBe(400);
      expect(client.origin.asked).toEqual([]);
    }
  });

  it("is probed at its place", async () => {
    const client = openSite({ config, origin: () => new Response("", { status: 500 }) });
    client.origin.script = () => Promise.reject(new Error("gone")) as never;
    for (const nth of [1, 2, 3, 4, 5, 6]) await client.get(`/old/${nth}`);
    const paths = client.origin.asked.map(({ url }) => new URL(url).pathname);
    expect(paths.every((path) => path === "/new/x" || path.startsWith("/new/x/"))).toBe(true);
    expect(paths).toContain("/new/x");
  });
});

describe("a client", () => {
  it.each([
    ["location", "https://origin.invalid/new/x/b?c", "https://www.example.com/old/b?c"],
    ["location", "/new/x/b", "/old/b"],
    ["location", "/new/x", "/old"],
    ["location", "/new/x/", "/old/"],
    ["location", "/new/xy", "/new/xy"],
    ["location", "b", "b"],
    ["location", "//other.example/new/x", "//other.example/new/x"],
    ["content-location", "/new/x/b#c", "/old/b#c"],
    ["link", "</new/x/s.css>; rel=preload", "</old/s.css>; rel=preload"],
    ["set-cookie", "a=1; Path=/new/x; HttpOnly", "a=1; Path=/old; HttpOnly"],
    ["set-cookie", "a=/new/x; Path=/", "a=/new/x; Path=/"],
  ])("gets the site's address in %s: %s", async (name, sent, got) => {
    const client = openSite({ config, origin: () => page("a", { [name]: sent }) });
    expect((await client.get("/old/a")).fields.get(name)).toBe(got);
  });

  it.each([
    ["https://t.example/t/b", "https://www.example.com/b"],
    ["https://origin.invalid/t/b", "https://www.example.com/b"],
    ["/t", "/"],
    ["/t?a", "/?a"],
    ["/t//other.example/", "/.//other.example/"],
    ["/t/\\other.example/", "/./\\other.example/"],
    ["/t/\t/other.example/", "/./\t/other.example/"],
    ["/t/b//c", "/b//c"],
  ])("gets the site's address in place of the stated host: %s", async (sent, got) => {
    const redirect = () => new Response(null, { status: 301, headers: { location: sent } });
    const client = openSite({ config, origin: redirect });
    expect((await client.get("/a")).fields.get("location")).toBe(got);
  });

  it("gets the site's address from a handler, which sees the stated host and its path", async () => {
    const seen: string[] = [];
    const handler = async ({ url }: Request) => {
      seen.push(url);
      return new Response(null, { status: 301, headers: { location: `${url}/to` } });
    };
    const client = openSite({ config, handlers: { default: handler } });
    const { fields } = await client.get("/a");
    expect(seen).toEqual(["https://t.example/t/a"]);
    expect(fields.get("location")).toBe("https://www.example.com/a/to");
  });
});

it("a purge names the site's URL", async () => {
  const { site: client } = openJournalled({
    config,
    origin: (_, nth) => page(`${nth}`, cc("max-age=60")),
  });
  await client.get("/old/a");
  await send(client, { urls: ["https://www.example.com/new/x/a"] });
  expect((await client.get("/old/a")).text).toBe("1");
  await send(client, { urls: ["https://www.example.com/old/a"] });
  expect((await client.get("/old/a")).text).toBe("2");
});
