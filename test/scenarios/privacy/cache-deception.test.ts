// Tests cache deception: an origin that answers /account/x.css with the page of /account, to a cache
// that stores by the path's extension. The cases of one extension and type are in `media-types.test.ts`.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

type RouteInput = NonNullable<ConfigInput["routes"]>[number];

const everything = { name: "all", match: "*", fresh: "1m", mode: "override" } as const;

/** Opens a site that stores whatever its origin answers. */
function open(fields: FieldTexts, route: Partial<RouteInput> = {}, status = 200) {
  return openSite({
    config: { routes: [{ ...everything, ...route }] },
    env: { ADMIN_TOKEN: explainToken },
    origin: () => page("the account of Ada", fields, status),
  });
}

const victim = { headers: { cookie: "session=1" } };
const html = cc("public, max-age=60, s-maxage=60", { "content-type": "text/html; charset=utf-8" });

/** The spellings in which a cache, a route or an origin may find the extension. */
const paths = [
  "/account/x.css",
  "/account/x.CSS",
  "/account/x.c%73s",
  "/account/x%2Ecss",
  "/account/.css",
  "/account;x.css",
  "/account/x.css;v=1",
  "/account/x.css/",
  "/account/x.css//",
  "/account/x.css.",
  "/account/x.css%20",
  "/account%3Bx.css",
  "/account%3fx.css",
  "/account%23x.css",
  "/account/x.css%3fa",
  "/account//x.css",
  "/a/../account/x.css",
  "/account/%252e.css",
  "/account/x.%2563ss",
  "/account%2fx.css",
  "/account%0ax.css",
  "/account%00x.css",
  "/account\\x.css",
  "/account/x.css?a=b",
  "/account/x.mov",
  "/account/x.c%E2%80%8Bss",
  "/account/x.css\u200b",
  "/account/x.cs%FFs",
  "/account/x%EF%BC%8Ecss",
  "/account/x%25EF%25BC%258Ecss",
  "/account/x%uFF0Ecss",
  "/account/x．ｃｓｓ",
  "/account／x.css",
  "/account/x。css",
  "/account/x.csſ",
  "/account/x.cs%c5%bf",
  "/account/x.cß",
  "/account/x.css%C2%A0",
];

describe("the page of a signed-in client", () => {
  it.each(paths)("does not reach an attacker from %s, although it is public", async (path) => {
    const site = open(html);
    const seen = await site.get(path, victim);
    const isPassed = seen.cacheStatus.includes("detail=ambiguous-path");
    const isPrivate = /^(?!.*public).*private/.test(seen.fields.get("cache-control") ?? "");
    const isRefused = seen.cacheStatus.includes("extension-mismatch: text/html");
    expect(isPassed || (isRefused && isPrivate)).toBe(true);
    expect((await site.get(path)).cacheStatus).not.toContain("hit");
    expect(site.origin.count).toBe(2);
    expect(site.cache.text).not.toContain("Ada");
  });

  it("does not reach the requests that wait for it", async () => {
    const site = open(html);
    const answers = await Promise.all([site.get("/a.css"), site.get("/a.css"), site.get("/a.css")]);
    expect(answers.every(({ cacheStatus }) => !cacheStatus.includes("collapsed"))).toBe(true);
  });

  it.each([
    ["a path without a static extension", "/account/css", html],
    ["a dot in another segment", "/v1.css/account", html],
    ["an extension in the query", "/account?a=/x.css", html],
    ["an extension that also dynamic content has", "/account.json", html],
    ["a type that fits", "/a.css", { ...html, "content-type": "text/css" }],
    ["an unspecific type", "/a.css", { ...html, "content-type": "application/octet-stream" }],
    ["no type", "/a.css", { ...html, "content-type": "" }],
  ])("is stored as before with %s", async (_, path, fields) => {
    const site = open(fields);
    await site.get(path);
    expect((await site.get(path)).cacheStatus).toContain("hit");
  });
});

it("an error page is stored under an asset's name, because its status says what it is", async () => {
  const site = open(html, { negative: { 404: "1m" } }, 404);
  for (const _ of [1, 2]) await site.get("/missing.css");
  expect((await site.get("/missing.css")).cacheStatus).toContain("hit");
});

it("a 304 that changes the type does not freshen the stored response", async () => {
  const css = cc("max-age=1", { etag: '"1"', "content-type": "text/css" });
  const site = openSite({
    config: { routes: [{ name: "all", match: "*" }] },
    origin: (_, nth) => (nth === 1 ? page("css", css) : unchanged({ ...html, etag: '"1"' })),
  });
  await site.get("/a.css");
  site.clock.advance(2);
  for (const _ of [1, 2]) {
    const { cacheStatus, fields } = await site.get("/a.css");
    expect(cacheStatus).toContain("fwd-status=304");
    expect(fields.get("cache-control")).toContain("private");
  }
});

it("a route with deceptionArmour: false stores the page", async () => {
  const site = open(html, { deceptionArmour: false });
  await site.get("/wiki/File:A.jpg");
  expect((await site.get("/wiki/File:A.jpg")).cacheStatus).toContain("hit");
});

it("explain names the rule and the type, and the refusal is counted", async () => {
  const site = open(html);
  await site.get("/account/a.css");
  expect(site.counted()).toMatchObject({ "refusals|all|extension-mismatch": 1 });
  const { look } = await explained(site, "/account/a.css");
  expect(look?.last?.notStored).toEqual({ rule: "extension-mismatch", names: ["text/html"] });
});
