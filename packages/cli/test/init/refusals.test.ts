// Tests when `tidemark init` writes nothing and what it then prints, and which files it keeps.
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { initialised, reaching } from "./reached-origin.ts";
import { staticSite } from "./sites/static-site.ts";
import { packageFiles } from "../../src/version.ts";

const origin = "https://static.test";
const isThere = (user: FakeUser, path: string) =>
  access(join(user.folder, path)).then(
    () => true,
    () => false,
  );

const wrong = [
  ["no origin", [], "No origin is specified."],
  ["another scheme", ["ftp://a.test"], "neither"],
  ["a password", ["https://u:pass-x@a.test"], "a user name or a password"],
  ["a path", [`${origin}/news`], "--page"],
  ["0 pages", [origin, "--pages", "0"], "from 1 to 200"],
  ["a page that is not a path", [origin, "--page", "news"], '"news" is not a path'],
  ["a page of another host", [origin, "--page", "//b.test/"], "is not a path"],
  ["unknown stores", [origin, "--stores", "redis"], "Write cloudflare or upstash."],
  ["an unknown region", [origin, "--region", "europe"], "Write one of wnam, enam,"],
  ["a region of Redis", [origin, "--region", "eu", "--stores", "upstash"], "at Upstash instead"],
] as const;

describe("`tidemark init` with invalid arguments", () => {
  it.each(wrong)("sends and writes nothing for %s", async (_name, args, says) => {
    const { fetch, asked } = reaching(origin, staticSite);
    const user = await FakeUser.at({ fetch });
    const ran = await user.runs(["init", ...args]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.notes).toContain(says);
    expect(ran.notes).not.toContain("pass-x");
    expect(asked).toEqual([]);
    expect(await isThere(user, "tidemark.config.ts")).toBe(false);
  });
});

const answering =
  (status: number, headers: Record<string, string> = {}): typeof fetch =>
  async () =>
    new Response("x", { status, headers });
const failing =
  (code: string): typeof fetch =>
  async () => {
    throw new TypeError("fetch failed", { cause: { code } });
  };
/** Answers with a body that cannot be decoded, as Node's fetch reports it. */
const undecodable: typeof fetch = async () => {
  const cause = Object.assign(new Error("incorrect header check"), { code: "Z_DATA_ERROR" });
  const pull = (body: ReadableStreamDefaultController) =>
    body.error(new TypeError("terminated", { cause }));
  return new Response(new ReadableStream({ pull }), { headers: { "content-encoding": "gzip" } });
};
const redirecting = answering(301, { location: "https://www.static.test/" });
const origins: readonly [name: string, fetch: typeof fetch, says: string][] = [
  ["no server", failing("ECONNREFUSED"), "No server listens at this address."],
  ["an expired certificate", failing("CERT_HAS_EXPIRED"), "Fix the certificate"],
  ["401 for all", answering(401), "the first status was 401"],
  ["a body that is not what it says", undecodable, "its Content-Encoding names"],
  ["a redirect to another host", redirecting, "tidemark init https://www.static.test"],
];

describe("`tidemark init` for an unusable origin", () => {
  it.each(origins)("writes nothing, and prints the reason: %s", async (_name, fetch, says) => {
    const user = await FakeUser.at({ fetch });
    const ran = await user.runs(["init", origin, "--json"]);
    expect(ran.code).toBe(1);
    expect(ran.notes).toContain(says);
    expect(JSON.parse(ran.out)).toMatchObject({ error: { what: expect.any(String) as string } });
    expect(await isThere(user, "tidemark.config.ts")).toBe(false);
  });
});

it("init --yes follows one redirect to another host", async () => {
  const bare = "https://bare.test";
  const { fetch } = reaching(origin, staticSite);
  const moved: typeof fetch = async (input, init) =>
    new Request(input).url.startsWith(bare)
      ? new Response(null, { status: 301, headers: { location: `${origin}/` } })
      : fetch(input, init);
  const user = await FakeUser.at({ fetch: moved });
  expect((await user.runs(["init", bare, "--yes"])).code).toBe(0);
  const wrangler = await readFile(join(user.folder, "wrangler.jsonc"), "utf8");
  expect(wrangler).toContain(`"ORIGIN_URL": "${origin}"`);
});

it("init --yes does not follow a second redirect", async () => {
  let count = 0;
  const fetch: typeof globalThis.fetch = async () => {
    const location = `https://hop-${(count += 1)}.test/`;
    return new Response(null, { status: 301, headers: { location } });
  };
  const user = await FakeUser.at({ fetch });
  const ran = await user.runs(["init", origin, "--yes"]);
  expect(ran.code).toBe(1);
  expect(ran.notes).toContain("tidemark init https://hop-2.test");
});

async function userWith(files: Readonly<Record<string, string>>) {
  const { fetch, asked } = reaching(origin, staticSite);
  const user = await FakeUser.at({ fetch });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(user.folder, path, ".."), { recursive: true });
    await writeFile(join(user.folder, path), text);
  }
  return { user, asked, textOf: (path: string) => readFile(join(user.folder, path), "utf8") };
}

describe("a file that exists before init runs", () => {
  it("is not replaced without --force, and the origin gets no request", async () => {
    const { user, asked, textOf } = await userWith({ "tidemark.config.ts": "mine" });
    const ran = await user.runs(["init", origin]);
    expect(ran.code).toBe(2);
    expect(ran.notes).toContain("tidemark.config.ts already exists. Pass --force");
    expect(await textOf("tidemark.config.ts")).toBe("mine");
    expect(await isThere(user, "wrangler.jsonc")).toBe(false);
    expect(asked).toEqual([]);
  });

  it("is replaced with --force only if it configures the Worker", async () => {
    const { user, textOf } = await userWith({ "wrangler.jsonc": "mine", "package.json": "mine" });
    const ran = await user.runs(["init", origin, "--force"]);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain("Already present, and kept: package.json.");
    expect(await textOf("wrangler.jsonc")).toContain('"ORIGIN_URL"');
    expect(await textOf("package.json")).toBe("mine");
  });

  it.each([
    ["is written", {}, ["npm run check && npm test", "npm run deploy --"]],
    ["is kept", { "package.json": "{}" }, ["npx tsc && npx vitest run", "npx wrangler deploy"]],
  ])("decides which commands init suggests: package.json %s", async (_, files, lines) => {
    const { user } = await userWith(files);
    const { out } = await user.runs(["init", origin]);
    const tarballs = `${packageFiles.library} ${packageFiles.command}`;
    const install = `npm install ${tarballs}   # not published yet`;
    for (const line of [install, ...lines, "npx tidemark start", "npx wrangler login"]) {
      expect(out).toContain(`\n  ${line}`);
    }
  });

  it.each([
    ["in objects", "durableObjectJournal()", "JOURNAL", []],
    ["in Redis", "createWorker(config)", undefined, ["--stores", "upstash"]],
  ])("decides the stores if it is a Worker with stores %s", async (_, worker, binding, args) => {
    const { user, textOf } = await userWith({ "src/worker.ts": worker });
    expect((await user.runs(["init", origin, ...args])).code).toBe(0);
    const wrangler = await textOf("wrangler.jsonc");
    expect(/"name": "(JOURNAL)"/.exec(wrangler)?.[1]).toBe(binding);
    expect(await textOf("src/worker.ts")).toBe(worker);
  });

  it.each([
    ["--stores", "cloudflare"],
    ["--region", "eu"],
  ])("is not contradicted by %s", async (...args) => {
    const { user, asked } = await userWith({ "src/worker.ts": "createWorker(config)" });
    const ran = await user.runs(["init", origin, ...args]);
    expect([ran.code, ran.notes]).toEqual([2, expect.stringContaining("already exists")]);
    expect(asked).toEqual([]);
  });

  it("prevents a wrangler.jsonc if it is a wrangler.toml", async () => {
    const { user } = await userWith({ "wrangler.toml": "mine" });
    const { out } = await user.runs(["init", origin]);
    expect(out).toMatch(/kept: wrangler\.toml\.\nYour wrangler file needs the bindings JOURNAL/);
    expect(await isThere(user, "wrangler.jsonc")).toBe(false);
  });
});

it("init writes a wrangler.jsonc beside the configuration of cf, and a note", async () => {
  const { user } = await userWith({ "cloudflare.config.ts": "mine" });
  const { out } = await user.runs(["init", origin]);
  expect(out).toContain("command cf is not read.");
  expect(await isThere(user, "wrangler.jsonc")).toBe(true);
});

it.each([
  ["cloudflare", {}, false],
  ["upstash", { UPSTASH_REDIS_REST_URL: "https://db.upstash.io" }, true],
])("init writes a site with stores at %s, by its environment", async (_, env, inRedis) => {
  const { fetch } = reaching(origin, staticSite);
  const user = await FakeUser.at({ fetch, env });
  const { code, out } = await user.runs(["init", origin]);
  expect([code, out.includes("UPSTASH_REDIS_REST_TOKEN")]).toEqual([0, inRedis]);
  const wrangler = await readFile(join(user.folder, "wrangler.jsonc"), "utf8");
  const worker = await readFile(join(user.folder, "src/worker.ts"), "utf8");
  expect([wrangler.includes("TidemarkJournal"), worker.includes("TidemarkJournal")]).toEqual([
    !inRedis,
    !inRedis,
  ]);
});

it("init --dry-run prints the configuration, and writes nothing", async () => {
  const { fetch } = reaching(origin, staticSite);
  const user = await FakeUser.at({ fetch });
  const ran = await user.runs(["init", origin, "--dry-run"]);
  expect(ran).toMatchObject({ code: 0, notes: "" });
  expect(ran.out).toContain("export default defineConfig({");
  expect(await isThere(user, "tidemark.config.ts")).toBe(false);
});

it("init examines at most --pages pages, including those named by --page", async () => {
  const { told } = await initialised(origin, staticSite, ["--pages", "3", "--page", "/about.html"]);
  expect(told.pages.map(({ path }) => path)).toEqual(["/", "/about.html", "/robots.txt"]);
});

it("Ctrl-C during a request makes init exit with 130, and write nothing", async () => {
  const { fetch } = reaching(origin, staticSite);
  const user = await FakeUser.at();
  const { world, interrupt, notes } = user.world(["init", origin], {
    fetch: async (input, init) => {
      interrupt();
      init?.signal?.throwIfAborted();
      return fetch(input, init);
    },
  });
  const { main } = await import("../../src/main.ts");
  expect(await main(world)).toBe(130);
  expect(notes.text).toContain("nothing was written");
  expect(await isThere(user, "tidemark.config.ts")).toBe(false);
});
