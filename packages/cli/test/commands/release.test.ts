// Tests `tidemark release` against the real application.
// Needs parts: release.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { release } from "../../../../src/parts/release/release.ts";
import { operatorAt } from "../fakes/operator.ts";

/** A site of build "a", whose assets `missing` a server lacks for as many requests as stated. */
async function deployed(missing: Readonly<Record<string, number>> = {}, page = { status: 404 }) {
  const left = new Map(Object.entries(missing));
  const build = { name: "a" };
  const origin = (request: Request) => {
    const { pathname } = new URL(request.url);
    const times = left.get(pathname) ?? 0;
    left.set(pathname, times - 1);
    const headers = { "cache-control": "max-age=600", "x-build": build.name };
    if (!pathname.includes(".js")) return new Response(build.name, { headers });
    const isMissing = times > 0;
    const type = isMissing && page.status === 200 ? "text/html" : "text/javascript";
    const status = isMissing ? page.status : 200;
    return new Response("js", { status, headers: { ...headers, "content-type": type } });
  };
  const config = {
    routes: [
      { name: "assets", match: ["/assets/*", "/_next/*", "/static/*"], use: [release("keep")] },
      { name: "pages", match: "*", use: [release({ header: "x-build" })] },
    ],
  };
  const reached = await operatorAt({ origin, config });
  return { ...reached, build };
}

const vite = {
  "src/main.ts": { file: "assets/main-1.js", css: ["assets/main-1.css.js"], isEntry: true },
  "_shared.js": { file: "assets/shared-2.js", assets: ["assets/logo [1].js"] },
};
const next = {
  polyfillFiles: ["static/polyfills-1.js"],
  rootMainFiles: ["static/main-2.js"],
  pages: { "/": ["static/main-2.js", "static/index-3.js"] },
};

const manifests = [
  {
    of: "Vite and SvelteKit",
    text: JSON.stringify(vite),
    assets: ["main-1.js", "main-1.css.js", "shared-2.js", "logo%20%5B1%5D.js"].map(
      (name) => `/assets/${name}`,
    ),
  },
  {
    of: "Next.js",
    text: JSON.stringify(next),
    assets: ["polyfills-1.js", "main-2.js", "index-3.js"].map((name) => `/_next/static/${name}`),
  },
  {
    of: "a list",
    text: "# assets\n/assets/a.js\nassets/b.js\n",
    assets: ["/assets/a.js", "/assets/b.js"],
  },
  { of: "a list as JSON", text: '["assets/a.js"]', assets: ["/assets/a.js"] },
  {
    of: "a folder of its own",
    text: JSON.stringify(vite),
    base: "/static/",
    assets: ["main-1.js", "main-1.css.js", "shared-2.js", "logo%20%5B1%5D.js"].map(
      (name) => `/static/assets/${name}`,
    ),
  },
];

it.each(manifests)("loads the assets of $of before the purge", async ({ text, base, assets }) => {
  const { user, asked, site } = await deployed();
  await writeFile(join(user.folder, "manifest.json"), text);
  const more = base === undefined ? [] : ["--base", base];
  const ran = await user.runs(["release", "b", "--manifest", "manifest.json", ...more]);
  expect(ran).toMatchObject({ code: 0, notes: expect.not.stringContaining("there yet") });
  expect(ran.out).toMatch(/^Assets loaded: \d\.\nReleased: b, position \d+-\d+\. It applies/);
  expect(asked.slice(0, -1).toSorted()).toEqual(assets.map((path) => `GET ${path}`).toSorted());
  expect(asked.at(-1)).toBe("POST /_cache/purge");
  await site.settle();
  for (const path of assets) expect((await site.get(path)).cacheStatus).toContain("hit");
});

it.each([
  { of: "a page", status: 200, why: "extension-mismatch" },
  { of: "a redirect", status: 302, why: "status 302" },
])("releases nothing if $of stays in place of an asset", async ({ status, why }) => {
  const { user, asked } = await deployed({ "/assets/a.js": 1_000 }, { status });
  await writeFile(join(user.folder, "list"), "/assets/a.js");
  const { code, notes } = await user.runs(["release", "b", "--manifest", "list"]);
  expect({ code, notes }).toMatchObject({
    code: 1,
    notes: expect.stringContaining(`(/assets/a.js: ${why}`),
  });
  expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
});

it("loads an asset again that an old server lacks", async () => {
  const { user } = await deployed({ "/assets/a.js": 5 });
  await writeFile(join(user.folder, "list"), "/assets/a.js");
  const { code, notes } = await user.runs(["release", "b", "--manifest", "list"]);
  expect({ code, notes }).toEqual({
    code: 0,
    notes: expect.stringContaining("Assets that are not there yet: 1 (/assets/a.js: status 404)."),
  });
});

it("releases nothing if an asset stays missing", async () => {
  const { user, asked, site, build } = await deployed({ "/assets/a.js": 1_000 });
  await site.get("/");
  build.name = "b";
  await writeFile(join(user.folder, "list"), "/assets/a.js\n/assets/b.js");
  const { code, notes } = await user.runs(["release", "b", "--manifest", "list"]);
  expect({ code, notes }).toMatchObject({
    code: 1,
    notes: expect.stringContaining(
      "Nothing was released. Assets that could not be loaded: 1 (/assets/a.js: status 404).",
    ),
  });
  expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
});

it("tells the release, and a purge with another mode or a repetition as its options say", async () => {
  const { user, site } = await deployed();
  const journal = async () => {
    const { out } = await user.runs(["journal", "--last", "9"]);
    return out
      .split("\n")
      .flatMap((line) => (line.includes("release") ? line.split("  ").slice(-1) : []));
  };
  await user.runs(["release", "a", "--key", "run-1", "--reason", "first"]);
  await user.runs(["release", "a", "--key", "run-1", "--reason", "first"]);
  expect(await journal()).toEqual(['makes stale releases a, reason "first"']);
  await user.runs(["release", "b", "--hard", "--key", "run-2"]);
  // The same job returns to the first build.
  await user.runs(["release", "a", "--key", "run-1", "--reason", "first"]);
  expect(await journal()).toEqual([
    'makes stale releases a, reason "first"',
    "purges releases b",
    'makes stale releases a, reason "first"',
  ]);
  expect((await site.get("/")).cacheStatus).toContain("stored");
});

it.each([
  ["a build that no ETag can have", ["release", "a b"]],
  ["an empty list", ["release", "b", "--manifest", "list"]],
])("refuses %s", async (_, line) => {
  const { user, asked } = await deployed();
  await writeFile(join(user.folder, "list"), "{}");
  const { code, notes } = await user.runs(line);
  expect(code).toBeGreaterThan(0);
  expect(notes).toMatch(/Nothing was released|The manifest list cannot be used/);
  expect(asked).toEqual([]);
});
