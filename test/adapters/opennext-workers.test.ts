// Builds examples/opennext with the packed package, and runs its Worker in two colos over one Redis: pages, functions with
// "use cache", purges during renders, revalidations, the number of Redis commands, and an outage.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../local/bundling.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { newerEnv, quietInstall, run, tool } from "../package/commands.ts";
import { packedTidemark } from "../package/packed-tidemark.ts";
import { Source } from "./source.ts";

/** N of the built Worker. */
const maxLagMs = 3_000;
const revalidateSecret = "a secret of this test";
const env = {
  ...newerEnv,
  CI: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

const running = new Running();
let rest: UpstashRestServer;
let colos: Colo[] = [];
let source: Source;

class Colo {
  log = "";
  readonly #url: Promise<string>;
  readonly #process: ChildProcess;

  constructor(folder: string, name: string, variables: Readonly<Record<string, string>>) {
    const named = Object.entries({ ...variables, COLO: name });
    const parameters = ["dev", "--port", "0", "--inspector-port", "0", "--ip", "127.0.0.1"];
    parameters.push(
      "--persist-to",
      join(folder, `.wrangler/${name}`),
      "--show-interactive-dev-session",
      "false",
    );
    parameters.push(...named.flatMap(([variable, value]) => ["--var", `${variable}:${value}`]));
    this.#process = spawn(join(folder, "node_modules/.bin/wrangler"), parameters, {
      cwd: folder,
      // A registry each, so that a colo revalidates its pages itself.
      env: { ...env, WRANGLER_REGISTRY_PATH: join(folder, `.wrangler/registry-${name}`) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#url = new Promise((resolve, reject) => {
      const add = (text: Buffer) => {
        this.log += text.toString();
        const [, url] = /Ready on (http:\/\/[\d.:]+)/.exec(this.log) ?? [];
        if (url !== undefined) resolve(url);
      };
      this.#process.stdout?.on("data", add);
      this.#process.stderr?.on("data", add);
      this.#process.once("exit", () => reject(new Error(`wrangler dev has ended:\n${this.log}`)));
    });
  }

  async ready(): Promise<this> {
    await this.#url;
    return this;
  }

  async get(path: string) {
    const askedAtMs = Date.now();
    const response = await fetch(`${await this.#url}${path}`);
    const [version = ""] = /version \d+/.exec(await response.text()) ?? [];
    const cache =
      response.headers.get("x-opennext-cache") ?? response.headers.get("x-nextjs-cache");
    return { status: response.status, version, cache, askedAtMs };
  }

  /** Returns the status, and when the answer arrived. */
  async purge(order: object, authorization = `Bearer ${revalidateSecret}`) {
    const sent = { method: "POST", headers: { authorization }, body: JSON.stringify(order) };
    const response = await fetch(`${await this.#url}/api/purge`, sent);
    return { status: response.status, atMs: Date.now() };
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill("SIGINT");
    await once(this.#process, "exit");
  }
}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-opennext-"));
  for (const made of [folder, `${folder}-pack`]) {
    const stop = () => rm(made, { recursive: true, force: true, maxRetries: 5 });
    await running.add(Promise.resolve({ stop }));
  }
  await cp(join(root, "examples/opennext"), folder, { recursive: true });
  const worker = join(folder, "worker.ts");
  const written = await readFile(worker, "utf8");
  const purge = `purge: { maxLagSeconds: ${maxLagMs / 1_000}, clockAllowanceSeconds: 1 }`;
  await writeFile(worker, written.replace('namespace: "', `${purge}, namespace: "`));
  const tarball = await packedTidemark(`${folder}-pack`);
  await run("npm", ["install", "--no-save", ...quietInstall, tarball], folder, env);
  await run(join(folder, "node_modules/.bin/opennextjs-cloudflare"), ["build"], folder, env);
  await checkTypes(folder);
  const valkey = await running.add(startEmbeddedValkey());
  rest = await running.add(startUpstashRestServer({ redisUrl: valkey.url, token: "local" }));
  source = new Source();
  const url = await source.start();
  await running.add(Promise.resolve(source));
  const variables = {
    UPSTASH_REDIS_REST_URL: rest.url,
    UPSTASH_REDIS_REST_TOKEN: "local",
    SITE_HOST: "www.example.com",
    SOURCE_URL: url,
    REVALIDATE_SECRET: revalidateSecret,
  };
  colos = ["AMS", "SIN"].map((name) => new Colo(folder, name, variables));
  for (const colo of colos) await running.add(colo.ready());
}, 600_000);

afterAll(() => running.stop());

/** OpenNext's own types accept the overrides and the Worker. */
async function checkTypes(folder: string): Promise<void> {
  const options =
    "--noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler --target es2022";
  const files = ["open-next.config.ts", "worker.ts"];
  const types = ["--lib", "es2024,webworker", "--types", ""];
  const parameters = [tool("typescript/bin/tsc"), ...options.split(" "), ...types, ...files];
  await run(process.execPath, ["--", ...parameters].slice(1), folder, env);
}

const twoColos = () => colos as unknown as readonly [Colo, Colo];

/** Asks until the version has changed. An answer to a request past N after the purge has the new version. */
async function followed(colo: Colo, path: string, version: string, purgedAtMs: number) {
  for (;;) {
    const answer = await colo.get(path);
    if (answer.version === version) return answer;
    expect(answer.askedAtMs - purgedAtMs).toBeLessThan(maxLagMs);
    await pause(100);
  }
}

/** Asks until the answer comes from the cache. */
async function stored(colo: Colo, path: string): Promise<void> {
  for (;;) {
    const before = source.reads.length;
    await colo.get(path);
    if (source.reads.length === before) return;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each([
  { kind: "a page", path: "/articles/1", tag: "article:1" },
  { kind: 'a function with "use cache"', path: "/authors/1", tag: "author:1" },
])("$kind", ({ path, tag }) => {
  it("is loaded once for both colos, and ends in both within N of a purge", async () => {
    const [ams, sin] = twoColos();
    source.version = 1;
    source.reads.length = 0;
    expect((await ams.get(path)).version).toBe("version 1");
    // Next.js stores in the background of the answer.
    await stored(ams, path);
    source.reads.length = 0;
    expect((await sin.get(path)).version).toBe("version 1");
    expect(source.reads).toEqual([]);
    source.version = 2;
    const { status, atMs } = await ams.purge({ tag });
    expect(status).toBe(204);
    expect((await ams.get(path)).version).toBe("version 2");
    await followed(sin, path, "version 2", atMs);
  });
});

it("a purge without the secret is refused, and the page stays", async () => {
  const [ams] = twoColos();
  await stored(ams, "/articles/1");
  const { version } = await ams.get("/articles/1");
  for (const sent of ["", "Bearer ", "Bearer another", revalidateSecret]) {
    expect(await ams.purge({ tag: "article:1" }, sent)).toMatchObject({ status: 403 });
  }
  expect(await ams.get("/articles/1")).toMatchObject({ version, cache: "HIT" });
});

it("a soft purge lets the page answer, while one colo renders it once", async () => {
  const [ams, sin] = twoColos();
  source.version = 3;
  const before = source.reads.length;
  const { atMs } = await ams.purge({ tag: "article:1", profile: "max" });
  expect(await ams.get("/articles/1")).toMatchObject({ version: "version 2", cache: "STALE" });
  await Promise.all(Array.from({ length: 5 }, () => ams.get("/articles/1")));
  await followed(ams, "/articles/1", "version 3", atMs);
  await followed(sin, "/articles/1", "version 3", atMs);
  expect(source.reads.slice(before)).toEqual(["/articles/1"]);
});

it("a purge during a slow render covers the page", async () => {
  const [ams, sin] = twoColos();
  const gate = Promise.withResolvers<void>();
  source.held = gate.promise;
  source.version = 5;
  const before = source.reads.length;
  const slow = ams.get("/articles/2");
  while (source.reads.length === before) await pause(20);
  source.version = 6;
  const { atMs } = await sin.purge({ tag: "article:2" });
  source.held = undefined;
  gate.resolve();
  expect((await slow).version).toBe("version 5");
  await followed(ams, "/articles/2", "version 6", atMs);
  await followed(sin, "/articles/2", "version 6", atMs);
});
