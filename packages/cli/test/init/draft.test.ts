// Which routes come of what was seen: small origins, each with one thing to mind.
import { compileFunction } from "node:vm";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../../local/load-config.ts";
import * as library from "../../../../src/config/config.ts";
import { type Handle, initialised } from "./reached-origin.ts";

const origin = "https://small.test";
type Page = (request: Request) => string | Response;

/** HTML pages that the front page links; a text is the body. */
function originOf(pages: Readonly<Record<string, string | Page>>): Handle {
  const links = Object.keys(pages).map((path) => `<a href="${path}">x</a>`);
  const all: Readonly<Record<string, string | Page>> = { "/": links.join(""), ...pages };
  return (request) => {
    const { pathname } = new URL(request.url);
    const page = all[decodeURIComponent(pathname)] ?? new Response("no", { status: 404 });
    const answer = typeof page === "function" ? page(request) : page;
    if (answer instanceof Response) return answer.clone();
    return new Response(answer, { headers: { "content-type": "text/html" } });
  };
}

/** Not bundled, which takes longer than all else: hostile.test.ts has what init writes loaded as a site is. */
function configIn(text: string): library.Config {
  const body = text.replace(/^import .*$/m, "").replace(/^export default /m, "return ");
  const run = compileFunction(body, Object.keys(library)) as (
    ...given: unknown[]
  ) => library.Config;
  return run(...Object.values(library));
}

async function routesOf(handle: Handle) {
  const { told } = await initialised(origin, handle);
  const text = told.files[0]?.text ?? "";
  const config = configIn(text);
  const routes = config.routes.map((route) =>
    Object.assign(route, { patterns: route.match.map((pattern) => pattern.text) }),
  );
  const route = (name: string) => routes.find((one) => one.name === name);
  return { routes, route, told, text };
}

const token = () => {
  let count = 0;
  return () => `<input name="csrf" value="${(count += 1)}">`;
};
const html = (body: string, lines: Readonly<Record<string, string>>) =>
  new Response(body, { headers: { "content-type": "text/html", ...lines } });

describe("pages", () => {
  it("below one segment are a group with tags", async () => {
    const { route } = await routesOf(originOf({ "/news/a": "a", "/news/b": "b" }));
    expect(route("news")).toMatchObject({
      patterns: ["/news/:slug"],
      freshSeconds: 300,
      staleWhileRevalidateSeconds: 600,
    });
    expect(route("news")?.tags({ slug: "a" })).toEqual(["news:a", "news"]);
  });

  it("have the tags that their origin gives", async () => {
    const tagged = () => html("a", { "cache-tag": "a" });
    const { route } = await routesOf(originOf({ "/news/a": tagged, "/news/b": "b" }));
    expect(route("news")?.tags({ slug: "a" })).toEqual([]);
  });

  it("get no lifetime beside one with a token, of which there may be more", async () => {
    const { route } = await routesOf(originOf({ "/contact": token(), "/about": "a" }));
    expect(route("private")?.patterns).toContain("/contact");
    expect(route("pages")?.freshSeconds).toBeUndefined();
  });

  it("keep their lifetime beside one that its own fields keep out", async () => {
    const own = () => html("a", { "set-cookie": "sid=1" });
    const { route } = await routesOf(originOf({ "/basket-x": own, "/about": "a" }));
    expect(route("private")?.patterns).toContain("/basket-x");
    expect(route("pages")?.freshSeconds).toBe(60);
  });

  it("are keyed by a language that Vary does not name", async () => {
    const speaking = (request: Request) => request.headers.get("accept-language") ?? "";
    const { route } = await routesOf(originOf({ "/about": speaking }));
    expect(route("pages")).toMatchObject({ keyHeaders: ["accept-language"], bypass: false });
    expect(route("pages")?.freshSeconds).toBeUndefined();
  });

  it("pass by where a telephone gets others, and Vary does not say so", async () => {
    const made = (request: Request) =>
      String(/iPhone/.test(request.headers.get("user-agent") ?? ""));
    const { route } = await routesOf(originOf({ "/about": made }));
    expect(route("pages")?.bypass).toBe(true);
  });

  it.each(["x-forwarded-for", "cf-ipcountry"])(
    "pass by where %s changes them, and Vary does not say so",
    async (field) => {
      const made = (request: Request) => request.headers.get(field) ?? "";
      const { route, told } = await routesOf(originOf({ "/about": made }));
      expect(route("pages")?.bypass).toBe(true);
      expect(told.findings.map(({ code }) => code)).toContain("untold-address");
    },
  );

  it.each([
    ["a script", `<script>window.__STATE__={"user":null,"csrfToken":"%"}</script>`],
    ["a script's own form", "<script>var app = { nonce: '%' }</script>"],
  ])("pass by with a token in %s that is new each time", async (_, text) => {
    let count = 0;
    const made = () =>
      html(text.replace("%", `Kq${"z".repeat((count += 1))}`), { "cache-control": "max-age=60" });
    const { route } = await routesOf(originOf({ "/form": made }));
    expect(route("private")?.patterns).toContain("/form");
  });

  it("pass by altogether where each of them is somebody's own", async () => {
    const own = () => html("a", { "cache-control": "private" });
    const { route } = await routesOf(originOf({ "/": own, "/x/a": own, "/x/b": own }));
    expect(route("pages")?.bypass).toBe(true);
  });

  it("have no negative lifetime where every path is a page", async () => {
    const { route, told } = await routesOf(() => html("app", {}));
    expect(route("pages")?.negativeByStatus.size).toBe(0);
    expect(told.findings.map(({ code }) => code)).toContain("no-404");
  });
});

it("names each route once, whatever the groups are called", async () => {
  const pages = { "/pages/a": "a", "/pages/b": "b", "/lists/a": "a", "/lists/b": "b" };
  const { routes } = await routesOf(originOf(pages));
  const names = routes.map(({ name }) => name);
  expect(names).toEqual(["private", "api", "pages", "lists", "pages-2"]);
});

it("says nothing of consent where a cookie counts", async () => {
  const page = (request: Request) => request.headers.get("cookie") ?? "";
  expect((await routesOf(originOf({ "/a": page }))).text).not.toContain("consentCookies");
  expect((await routesOf(originOf({ "/a": "a" }))).text).toContain("harmless: consentCookies");
});

it("says nothing of consent where a shared page changes by itself, so that nothing can be compared", async () => {
  const letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
  let at = 0;
  const page = () => html(`word ${letters[(at += 1) % 8]}zz`, { "cache-control": "max-age=60" });
  const { text } = await routesOf(originOf({ "/a": page }));
  expect(text).not.toContain("consentCookies");
  expect(text).toContain("unknown whether cookies change them");
});

it("writes what an origin says into comments alone", async () => {
  const evil = () =>
    html("a", { "cache-control": "max-age=5, x=\u00a0*/ process.exit(1) // `${1}`" });
  const { route, text } = await routesOf(originOf({ "/a`${b}": evil, "/c/*/x": "x" }));
  expect(route("pages")).toBeDefined();
  expect(text.split("\n").filter((line) => line.includes("process.exit"))).toEqual([
    expect.stringMatching(/^ *\/\/ /),
  ]);
});

it("wraps its comments", async () => {
  const pages = Object.fromEntries(
    ["a", "b", "c", "d"].map((name) => [`/${name.repeat(40)}`, "x"]),
  );
  const { text } = await routesOf(originOf(pages));
  const longest = Math.max(...text.split("\n").map(({ length }) => length));
  expect(longest).toBeLessThan(110);
});

describe("files", () => {
  const asset = (type: string) => () => new Response("x", { headers: { "content-type": type } });

  it("whose names change are kept for long; beside pages each has a pattern of its own", async () => {
    const pages = {
      "/assets/a.0d3e77ab.js": asset("text/javascript"),
      "/docs/x.css": asset("text/css"),
      "/docs/read": "read",
      "/shop/img/a.png": asset("image/png"),
    };
    const { route } = await routesOf(originOf(pages));
    expect(route("files-assets")).toMatchObject({
      freshSeconds: 2_592_000,
      browserSeconds: 86_400,
    });
    expect(route("files-docs-x-css")).toMatchObject({
      patterns: ["/docs/x.css"],
      freshSeconds: 3_600,
    });
    expect(route("files-shop-img")?.patterns).toEqual(["/shop/img/*"]);
  });
});

describe("WordPress", () => {
  const made = { "/wp-content/a.css": () => html("", { "content-type": "text/css" }), "/a": "a" };

  it("has the routes of the example, with ten minutes for what nothing purges", async () => {
    const { routes, route } = await routesOf(originOf(made));
    const example = await loadConfig("examples/wordpress/tidemark.config.ts");
    const names = example.routes.map(({ name }) => name);
    expect(routes.map(({ name }) => name).filter((name) => name !== "private")).toEqual(names);
    for (const { name, match } of example.routes) {
      expect(route(name)?.patterns).toEqual(match.map(({ text }) => text));
    }
    expect(route("pages")).toMatchObject({ freshSeconds: 600, browserSeconds: 0 });
  });

  it("has eight hours where the plugin tags pages", async () => {
    const tagged = () => html("a", { "surrogate-key": "site post-1" });
    const { route } = await routesOf(originOf({ ...made, "/a": tagged }));
    expect(route("pages")?.freshSeconds).toBe(28_800);
  });

  it("gives pages no lifetime beside one with a token", async () => {
    const { route } = await routesOf(originOf({ ...made, "/form": token() }));
    expect(route("private")?.patterns).toContain("/form");
    expect(route("pages")?.freshSeconds).toBeUndefined();
  });
});
