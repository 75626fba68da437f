// Tests `npm start` while it runs: a line for each request, and the reload of a changed
// configuration.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { endAll, ended, freePorts, type Run, startRun, told } from "./runs.ts";

const script = fileURLToPath(new URL("../../local/start.ts", import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
});
afterEach(async () => {
  await endAll();
  await rm(folder, { recursive: true, force: true });
});

const written = (name: string, text: string) => writeFile(join(folder, name), text);

const config = `
import { defineConfig } from "tidemark";
import { fresh } from "./fresh.ts";
export default defineConfig({ routes: [{ name: "all", match: "*", fresh }] });
`;

async function started(...more: readonly string[]): Promise<{ run: Run; urls: readonly string[] }> {
  await written("tidemark.config.ts", config);
  await written("fresh.ts", 'export const fresh = "5m";');
  const port = await freePorts();
  const args = ["--port", String(port), "--config", join(folder, "tidemark.config.ts"), ...more];
  const run = startRun(script, args);
  return { run, urls: [port, port + 1].map((one) => `http://127.0.0.1:${one}`) };
}

describe("npm start", () => {
  it("prints a line for each request, with the colo, the result and the time", async () => {
    const { run, urls } = await started("--colos", "2");
    const [first = "", second = ""] = urls;
    await told(run, "/_cache/stats\n");
    await rawRequest(first, "/feed?page=1");
    await told(run, /colo-1 {2}200 {2}miss stored +\d+ ms {2}GET \/feed\?page=1\n/);
    await rawRequest(first, "/feed?page=1");
    await rawRequest(second, "/feed?page=1");
    await rawRequest(first, "/feed", { headers: { authorization: "Bearer hidden" } });
    await rawRequest(first, "/_cache/stats");
    await told(
      run,
      /colo-1 {2}200 {2}hit memory +\d+ ms {2}GET \/feed\?page=1\n/,
      /colo-2 {2}200 {2}hit shared +\d+ ms {2}GET \/feed\?page=1\n/,
      /colo-1 {2}200 {2}pass: authorization +\d+ ms {2}GET \/feed\n/,
      /colo-1 {2}401 {2}- +\d+ ms {2}GET \/_cache\/stats\n/,
    );
    expect(await ended(run.child, "SIGINT")).toBe(0);
    expect(run.output().match(/^\d\d:\d\d:\d\d\.\d{3} {2}colo-/gm)).toHaveLength(5);
    expect(run.output() + run.errors()).not.toContain("hidden");
  });

  it("reloads a changed import of the configuration, and keeps stored responses", async () => {
    const { run, urls } = await started("--colos", "2");
    await told(run, "/_cache/stats\n");
    const [first = "", second = ""] = urls;
    const seen = async (url: string) => cacheStatusOf(await rawRequest(url, "/feed"));
    await rawRequest(first, "/feed");
    await told(run, "miss stored");
    await written("fresh.ts", 'export const fresh = "soon";');
    await told(run, /Not reloaded, so the previous version continues\. .*"all", fresh/);
    await written("fresh.ts", "export const fresh = ;");
    await told(run, /the previous version continues\. .*fresh\.ts, line 1, column 22: /);
    expect(await seen(first)).toContain("tidemark; hit");
    await written("fresh.ts", 'export const fresh = "1h";');
    await told(run, /Reloaded in \d+ ms\./);
    expect(await seen(first)).toContain("tidemark; hit");
    expect(await seen(second)).toContain("tidemark; hit");
    expect(await ended(run.child, "SIGTERM")).toBe(0);
  });

  it("prints only JSON objects on stdout, one per line, with --json", async () => {
    const { run, urls } = await started("--json");
    await told(run, '"event":"started"');
    await rawRequest(urls[0] ?? "", "/feed");
    await told(run, '"event":"request"');
    await written("fresh.ts", "export const fresh = ;");
    await told(run, '"event":"not-reloaded"');
    await written("fresh.ts", 'export const fresh = "1h";');
    await told(run, '"event":"reloaded"');
    expect(await ended(run.child, "SIGINT")).toBe(0);
    const lines = run.output().trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual([
      "started",
      "request",
      "not-reloaded",
      "reloaded",
      "stopped",
    ]);
    expect(events[0]).toMatchObject({ colos: [{ name: "colo-1", url: urls[0] }] });
    expect(events[1]).toMatchObject({
      method: "GET",
      path: "/feed",
      status: 200,
      cache: "miss stored",
    });
  });
});
