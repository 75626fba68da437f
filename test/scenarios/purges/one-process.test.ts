// Tests pages and data over inProcess(): one process has its own purges, switch and journal.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { tidemark } from "../../../src/hono.ts";
import { nodeGlobals } from "../../../src/base/node-globals.ts";
import { createDataCache, inProcess } from "../../../src/node-cache.ts";
import { operate } from "../../../src/parts/operate/operate.ts";
import { defineConfig } from "../../../src/tidemark.ts";
import { newerNode } from "../../package/commands.ts";

const token = "admin-token-of-this-process";

function opened() {
  let count = 0;
  const app = new Hono();
  app.get("/:page", (c) => {
    c.header("Cache-Tag", c.req.param("page"));
    c.header("Cache-Control", "public, max-age=600");
    return c.text(`answer ${(count += 1)}`);
  });
  const log: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void log.push(line));
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => {
    vi.restoreAllMocks();
    expect(log.filter((line) => !line.includes('"event":"switch"'))).toEqual([]);
  });
  const data = createDataCache({ redis: "none" });
  const given = { env: { ADMIN_TOKEN: token }, stores: inProcess(), data };
  const site = tidemark(
    app,
    defineConfig({ parts: [operate()], routes: [{ name: "all", match: "*" }] }),
    given,
  );
  const ask = async (path: string, init?: RequestInit) =>
    site.fetch(new Request(`http://site.test${path}`, init));
  const told = async (path: string, body?: object) => {
    const [method, text] = body ? ["POST", JSON.stringify(body)] : ["GET", null];
    const headers = { authorization: `Bearer ${token}` };
    const answer = await ask(`/_cache/${path}`, { method, headers, body: text });
    return (await answer.json()) as Record<string, unknown>;
  };
  const pageAt = async (path: string) => (await ask(path)).text();
  return { data, told, pageAt };
}

describe("a site in one process", () => {
  it("purges pages and data at once, and says that no other process is reached", async () => {
    const { data, told, pageAt } = opened();
    expect([await pageAt("/a"), await pageAt("/b"), await pageAt("/a")]).toEqual([
      "answer 1",
      "answer 2",
      "answer 1",
    ]);
    const words = data.namespace<string>("words", { fresh: "1h", tags: ["a"] });
    await words.set("k", "old");
    const purged = await told("purge", { tags: ["a"], reason: "a correction" });
    expect(purged).toMatchObject({ reach: "process", targets: { tags: 1 } });
    expect([await pageAt("/a"), await pageAt("/b")]).toEqual(["answer 3", "answer 2"]);
    expect(await words.get("k")).toBeUndefined();
    await data.purge({ tags: ["b"] });
    expect(await pageAt("/b")).toBe("answer 4");
    const { entries } = await told("journal?last=2");
    expect(entries).toMatchObject([{ tags: ["a"], reason: "a correction" }, { tags: ["b"] }]);
  });

  it("follows the switch", async () => {
    const { told, pageAt } = opened();
    await pageAt("/a");
    expect(await told("switch", { bypass: true })).toMatchObject({ bypass: true });
    expect([await pageAt("/a"), await pageAt("/a")]).toEqual(["answer 2", "answer 3"]);
    await told("switch", { bypass: false });
    expect(await pageAt("/a")).toBe("answer 1");
    expect(await told("switch")).toMatchObject({ bypass: false, here: false });
  });
});

describe("inProcess()", () => {
  const inProcessWith = (env: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    return inProcess;
  };

  it.each([
    { id: "the first of several", env: { pm_id: "0", instances: "4" } },
    { id: "one for each core", env: { pm_id: "0", instances: "max" } },
    { id: "one that was added", env: { pm_id: "3", NODE_APP_INSTANCE: "1", instances: "1" } },
  ])("is refused under PM2: $id", ({ env }) => {
    expect(inProcessWith(env)).toThrow(
      "one of several instances of PM2, and a purge in one would not reach the others",
    );
  });

  it.each([
    { id: "the only one of PM2", env: { pm_id: "0", NODE_APP_INSTANCE: "0", instances: "1" } },
    { id: "alone", env: {} },
  ])("is accepted in a process that is $id", ({ env }) => {
    expect(inProcessWith(env)()).toHaveProperty("journal");
  });

  it("is refused on Workers", () => {
    vi.stubGlobal("WebSocketPair", Object);
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(inProcess).toThrow(/This is a Worker.*durableObjects\(\).*upstash\(\)/s);
  });

  it("in a worker thread logs that a purge reaches only this thread", () => {
    const { process } = nodeGlobals;
    const threads = { isMainThread: false };
    const real = process?.getBuiltinModule;
    const played = (name: string) =>
      name === "node:worker_threads" ? threads : real?.(name as "node:v8");
    vi.spyOn(globalThis.process, "getBuiltinModule").mockImplementation(played);
    const log: string[] = [];
    const own = (line: { message: string }) => void log.push(line.message);
    onTestFinished(() => void vi.restoreAllMocks());
    createDataCache({ redis: "none", log: own });
    expect(log).toEqual([expect.stringContaining("Purges reach only this thread.")]);
  });

  it("is refused in a worker of node:cluster", async () => {
    const here = new URL("../../../src/node-cache.ts", import.meta.url).href;
    const program = `
      import cluster from "node:cluster";
      if (cluster.isPrimary) cluster.fork();
      else {
        const { createDataCache, inProcess } = await import(${JSON.stringify(here)});
        for (const make of [inProcess, () => createDataCache({ redis: "none" })]) {
          try { make(); } catch ({ message }) { console.log(message); }
        }
        cluster.worker.disconnect();
      }`;
    const folder = await mkdtemp(join(tmpdir(), "tidemark-cluster-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "program.mjs");
    await writeFile(file, program);
    const { stdout } = await promisify(execFile)(newerNode, [file]);
    expect(stdout.match(/This process is a worker of node:cluster/g)).toHaveLength(2);
  });
});
