// Tests the routes that `tidemark init` drafts. Each test has a small origin with one peculiarity.
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../../local/load-config.ts";
import { html, originOf, type Page, type Pages, routesOf } from "./drafted-routes.ts";

const token = () => {
  let count = 0;
  return () => `<input name="csrf" value="${(count += 1)}">`;
};
const own = () => html("a", { "set-cookie": "sid=1" });
const isPrivate = () => html("a", { "cache-control": "private" });
const tagged = () => html("a", { "cache-tag": "a" });
const byField =
  (field: string): Page =>
  (request) =>
    request.headers.get(field) ?? "";
const byPhone: Page = (request) => String(/iPhone/.test(request.headers.get("user-agent") ?? ""));
/** Returns a page that has these types for clients that ask for one of them alone. */
const ofTypes =
  (
    types: readonly string[],
    isOther: boolean,
    lines: Readonly<Record<string, string>> = {},
  ): Page =>
  (request) => {
    const accept = request.headers.get("accept") ?? "";
    const type = types.includes(accept) ? accept : "text/html";
    return html(isOther ? type : "a", { ...lines, "content-type": type });
  };
/** Returns a page whose script contains a new token in each response. */
const scripted = (script: string) => {
  let count = 0;
  const next = () => script.replace("%", `Kq${"z".repeat((count += 1))}`);
  return () => html(next(), { "cache-control": "max-age=60" });
};
const state = scripted(`<script>window.__STATE__={"user":null,"csrfToken":"%"}</script>`);
const nonce = scripted("<script>var app = { nonce: '%' }</script>");

describe("pages with several types in a drafted configuration", () => {
  it.each([
    [["text/markdown"], false],
    [["application/json", "text/markdown"], true],
    // It differs in its body as well.
    [["text/markdown"], true],
  ])("list the types in key.accept that they have without Vary: %j, %s", async (types, isOther) => {
    const { route, told, text } = await routesOf(originOf({ "/about": ofTypes(types, isOther) }));
    const list = ["text/html", ...types].map((type) => JSON.stringify(type)).join(", ");
    expect(text).toContain(`key: { accept: [${list}] }`);
    expect(text).toContain(`is also ${types.join(" or ")} by Accept`);
    expect(route("pages")).toMatchObject({ freshSeconds: undefined, bypass: false });
    const finding = told.findings.find(({ code }) => code === "untold-types");
    expect(finding?.text).toContain(types.join(", "));
  });

  it("are not keyed by Accept if Vary names it", async () => {
    const page = ofTypes(["text/markdown"], false, { vary: "Accept" });
    const { text } = await routesOf(originOf({ "/about": page }));
    expect(text).not.toContain("accept:");
  });

  it("are asked for Markdown once, and files are not", async () => {
    const asked: string[] = [];
    const links = '<a href="/a">a</a><link rel=stylesheet href="/a.css">';
    const { told } = await routesOf((request) => {
      const path = new URL(request.url).pathname;
      if (request.headers.get("accept") === "text/markdown") asked.push(path);
      if (path.endsWith(".css")) {
        return new Response("", { headers: { "content-type": "text/css" } });
      }
      if (path !== "/" && path !== "/a") return new Response("", { status: 404 });
      return html(path === "/" ? links : "a", {});
    });
    expect(told.pages.map(({ path }) => path)).toContain("/a.css");
    expect(asked.toSorted()).toEqual(["/", "/a"]);
  });
});

describe("pages in a drafted configuration", () => {
  it("get one route with tags if they share their first segment", async () => {
    const { route } = await routesOf(originOf({ "/news/a": "a", "/news/b": "b" }));
    expect(route("news")).toMatchObject({
      patterns: ["/news/:slug"],
      freshSeconds: 300,
      staleWhileRevalidateSeconds: 600,
    });
    expect(route("news")?.tags({ slug: "a" })).toEqual(["news:a", "news"]);
  });

  it("get no tags from their route if the origin sends Cache-Tag", async () => {
    const { route } = await routesOf(originOf({ "/news/a": tagged, "/news/b": "b" }));
    expect(route("news")?.tags({ slug: "a" })).toEqual([]);
  });

  it.each<[id: string, pages: Pages, others: object]>([
    [
      "have no lifetime if another page contains a token",
      { "/p": token(), "/a": "a" },
      { freshSeconds: undefined },
    ],
    [
      "have a lifetime if another page sets a cookie",
      { "/p": own, "/a": "a" },
      { freshSeconds: 60 },
    ],
    ["bypass the cache if a script contains a token", { "/p": state }, {}],
    ["bypass the cache if a script contains a nonce", { "/p": nonce }, {}],
  ])("%s", async (_, pages, others) => {
    const { route } = await routesOf(originOf(pages));
    expect(route("private")?.patterns).toContain("/p");
    expect({ freshSeconds: undefined, ...route("pages") }).toMatchObject(others);
  });

  it.each(["accept", "accept-language"])(
    "are keyed by %s if a page depends on it without Vary",
    async (name) => {
      const { route } = await routesOf(originOf({ "/about": byField(name) }));
      expect(route("pages")).toMatchObject({ keyHeaders: [name], bypass: false });
      expect(route("pages")?.freshSeconds).toBeUndefined();
    },
  );

  it.each([
    ["a phone", byPhone, "untold-user-agent"],
    ["x-forwarded-for", byField("x-forwarded-for"), "untold-address"],
    ["x-real-ip", byField("x-real-ip"), "untold-address"],
    ["cf-ipcountry", byField("cf-ipcountry"), "untold-address"],
  ])("bypass the cache if %s changes a page without Vary", async (_, page, code) => {
    const { route, told } = await routesOf(originOf({ "/about": page }));
    expect(route("pages")?.bypass).toBe(true);
    expect(told.findings.map((finding) => finding.code)).toContain(code);
  });

  it("bypass the cache if every page is private", async () => {
    const pages = { "/": isPrivate, "/x/a": isPrivate, "/x/b": isPrivate };
    const { route } = await routesOf(originOf(pages));
    expect(route("pages")?.bypass).toBe(true);
  });

  it("have no negative lifetime if the origin answers every path with 200", async () => {
    const { route, told } = await routesOf(() => html("app", {}));
    expect(route("pages")?.negativeByStatus.size).toBe(0);
    expect(told.findings.map(({ code }) => code)).toContain("no-404");
  });
});

it("init keeps the lifetime beside a page that varies by Cookie, which keeps its variants apart", async () => {
  const varying = () => html("mine", { vary: "Cookie" });
  const { route } = await routesOf(originOf({ "/news/a": "a", "/news/b": varying }));
  expect(route("news")).toMatchObject({ freshSeconds: 300 });
});

it.each(["X-Cache-Tags", "xkey", "Edge-Cache-Tag"])(
  "init names the field %s, which seems to have tags",
  async (field) => {
    const { told } = await routesOf(originOf({ "/a": () => html("a", { [field]: "a b" }) }));
    const { text } = told.findings.find(({ code }) => code === "other-tags") ?? {};
    expect(text).toContain(`tagFields: ["${field.toLowerCase()}"]`);
  },
);

it("init gives each route a unique name", async () => {
  const pages = { "/pages/a": "a", "/pages/b": "b", "/lists/a": "a", "/lists/b": "b" };
  const { routes } = await routesOf(originOf(pages));
  const names = routes.map(({ name }) => name);
  expect(names).toEqual(["private", "api", "pages", "lists", "pages-2"]);
});

it("init suggests consent cookies only if cookies change no page", async () => {
  const page = (request: Request) => request.headers.get("cookie") ?? "";
  expect((await routesOf(originOf({ "/a": page }))).text).not.toContain("consentCookies");
  expect((await routesOf(originOf({ "/a": "a" }))).text).toContain("harmless: consentCookies");
});

it("init suggests no consent cookies if pages change without cookies", async () => {
  const letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
  let at = 0;
  const page = () => html(`word ${letters[(at += 1) % 8]}zz`, { "cache-control": "max-age=60" });
  const { text, told } = await routesOf(originOf({ "/a": page }));
  expect(text).not.toContain("consentCookies");
  expect(text).toContain("unknown whether cookies change them");
  const changing = told.findings.find(({ code }) => code === "changing");
  expect(changing?.text).toMatch(/In \/a, "word [a-h]zz" became "word [a-h]zz"\. /);
});

it("init writes texts of the origin only into comments", async () => {
  const evil = () =>
    html("a", { "cache-control": "max-age=5, x=\u00a0*/ process.exit(1) // `${1}`" });
  const { route, text } = await routesOf(originOf({ "/a`${b}": evil, "/c/*/x": "x" }));
  expect(route("pages")).toBeDefined();
  expect(text.split("\n").filter((line) => line.includes("process.exit"))).toEqual([
    expect.stringMatching(/^ *\/\/ /),
  ]);
});

it("init wraps the comments that it writes", async () => {
  const pages = Object.fromEntries(
    ["a", "b", "c", "d"].map((name) => [`/${name.repeat(40)}`, "x"]),
  );
  const { text } = await routesOf(originOf(pages));
  const longest = Math.max(...text.split("\n").map(({ length }) => length));
  expect(longest).toBeLessThan(110);
});

describe("files in a drafted configuration", () => {
  const asset = (type: string) => () => new Response("x", { headers: { "content-type": type } });

  it("have a long lifetime if their names have a hash, and narrow patterns", async () => {
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

describe("media in a drafted configuration", () => {
  const video = (fields: Readonly<Record<string, string>> = { etag: '"1"' }) =>
    new Response("x", { headers: { "content-type": "video/mp4", ...fields } });

  it("are in slices, which the configuration imports", async () => {
    const pages = { "/media/a.mp4": () => video(), "/media/a.png": () => video(), "/a": "a" };
    const { route, text } = await routesOf(originOf(pages));
    expect(route("media")).toMatchObject({ patterns: ["/*.mp4"], traits: { holdsBodies: true } });
    expect(route("files-media")).toMatchObject({ patterns: ["/media/*"], traits: {} });
    expect(text).toContain('import { slices } from "tidemark/slices";');
  });

  it.each([
    { id: "no-validator", answer: () => video({}) },
    { id: "private", answer: () => video({ etag: '"1"', "cache-control": "private" }) },
  ])("are not in slices: $id", async ({ answer }) => {
    const { text, told } = await routesOf(originOf({ "/media/a.mp4": answer, "/a": "a" }));
    expect(text).not.toContain('name: "media"');
    expect(JSON.stringify(told.files)).not.toContain("tidemark/slices");
  });
});

describe("a drafted configuration with a log-in", () => {
  const sets = (...names: string[]) => {
    const headers = new Headers({ "content-type": "text/html" });
    for (const name of names) headers.append("set-cookie", `${name}=1`);
    return () => new Response("a", { headers });
  };

  it("lets clients with a cookie that only private pages set bypass the cache", async () => {
    const login = sets("app.sid", "visit", "x`y", "wordpress_test_cookie");
    const pages = { "/login": login, "/a": sets("visit"), "/b": "b" };
    const { routes, text } = await routesOf(originOf(pages));
    const condition = { patterns: ["*"], when: { cookie: { names: ["app.sid"] } }, bypass: true };
    expect(routes[0]).toMatchObject({ name: "signed-in", ...condition });
    expect(text).toContain("Only private pages set: app.sid.");
  });

  it("has no such route if private pages set no cookie of their own", async () => {
    const { route } = await routesOf(originOf({ "/login": sets("visit"), "/a": sets("visit") }));
    expect(route("signed-in")).toBeUndefined();
  });
});

it("init escapes the characters of a path that patterns use", async () => {
  const { route } = await routesOf(originOf({ "/(x)/login": "c", "/a+b/x.css": "d" }));
  expect(route("private")?.patterns).toContain(String.raw`/\(x\)/login/*`);
});

describe("a drafted configuration for WordPress", () => {
  const made = { "/wp-content/a.css": () => html("", { "content-type": "text/css" }), "/a": "a" };

  it("has the example's routes, and a lifetime of ten minutes without the plugin", async () => {
    const { routes, route } = await routesOf(originOf(made));
    const example = await loadConfig("examples/wordpress/tidemark.config.ts");
    const names = example.routes.map(({ name }) => name);
    expect(routes.map(({ name }) => name).filter((name) => name !== "private")).toEqual(names);
    for (const { name, match } of example.routes) {
      expect(route(name)?.patterns).toEqual(match.map(({ text }) => text));
    }
    expect(route("pages")).toMatchObject({ freshSeconds: 600, browserSeconds: 0 });
  });

  it("has a lifetime of eight hours if the plugin tags pages", async () => {
    const byPlugin = () => html("a", { "surrogate-key": "site post-1" });
    const { route } = await routesOf(originOf({ ...made, "/a": byPlugin }));
    expect(route("pages")?.freshSeconds).toBe(28_800);
  });
});

it("init names pages and files that browsers may show for longer than N", async () => {
  const old = { "last-modified": "Thu, 22 Oct 2026 00:00:00 GMT" };
  const { told } = await routesOf(
    originOf({
      "/": '<a href="/hour">a</a><a href="/brief">b</a><a href="/silent">c</a><a href="/mine">d</a><link rel=stylesheet href="/a.css">',
      "/hour": () => html("a", { "cache-control": "max-age=3600" }),
      "/brief": () => html("a", { "cache-control": "max-age=10" }),
      "/silent": () => html("a", old),
      "/mine": () => html("a", { "cache-control": "private, max-age=3600" }),
      "/a.css": () => html("a", { "content-type": "text/css", ...old }),
    }),
  );
  const texts = told.findings.filter(({ code }) => code === "browsers-keep");
  expect(texts.map(({ text }) => text.replace(/, and.*/, ""))).toEqual([
    "Browsers may show /hour for up to 1h",
    "Browsers may show /a.css for up to 1d",
  ]);
});
