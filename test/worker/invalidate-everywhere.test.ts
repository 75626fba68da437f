// On the built Worker: what an answer to an unsafe method invalidates is gone in every colo within
// N + 1 s, however many write at once, and also if the writer leaves before the answer.
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, startWorld, storesSettled, until, type World } from "../../testing/worker/world.ts";

const maxLagMs = 1_000;
const joinMs = 1_000;
let origin: ScriptedOrigin;
let world: World;
const versions = new Map<string, number>();
const held: (() => void)[] = [];

beforeAll(async () => {
  origin = await startScriptedOrigin(({ url: path = "", method, headers }, response) => {
    const version = versions.get(path) ?? 1;
    if (method === "GET") {
      response.writeHead(200, { "cache-control": "max-age=600" });
      response.end(`version ${version}`);
      return;
    }
    const write = () => {
      versions.set(path, version + 1);
      response.writeHead(204).end();
    };
    if (headers["x-held"] === "yes") held.push(write);
    else write();
  });
  world = await startWorld({
    originUrl: origin.url,
    colos: 2,
    config: `{
      purge: { maxLagSeconds: ${maxLagMs / 1_000}, clockAllowanceSeconds: 0.2 },
      routes: [
        { name: "all", match: "*", invalidate: "everywhere" },
      ],
    }`,
  });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

async function fill(path: string): Promise<void> {
  for (const colo of world.colos) {
    await rawRequest(colo.url, path);
    await storesSettled(colo);
    expect(cacheStatusOf(await rawRequest(colo.url, path))).toContain("; hit");
  }
}

const read = async (path: string) =>
  Promise.all(world.colos.map(async ({ url }) => (await rawRequest(url, path)).body.toString()));

it("many writes at once are two entries, and reach every colo", async () => {
  const paths = Array.from({ length: 40 }, (_, nth) => `/page-${nth}`);
  for (const path of paths.slice(0, 3)) await fill(path);
  world.rest.resetCounts();
  const near = world.colos[0]!;
  await Promise.all(paths.map((path) => rawRequest(near.url, path, { method: "POST" })));
  await sleep(maxLagMs + joinMs + 100);
  for (const path of paths.slice(0, 3))
    expect(await read(path)).toEqual(["version 2", "version 2"]);
  expect(world.rest.counts().commandCountByName["XADD"]).toBe(2);
});

it("a writer that leaves before the answer has written all the same", async () => {
  await fill("/left");
  const near = world.colos[0]!;
  const { hostname, port } = new URL(near.url);
  const client = connect(Number(port), hostname);
  client.write(
    "POST /left HTTP/1.1\r\nHost: a.example\r\nX-Held: yes\r\nContent-Length: 0\r\n\r\n",
  );
  await until(async () => held.length === 1, "the write to arrive");
  client.resetAndDestroy();
  await sleep(300);
  held[0]?.();
  await sleep(maxLagMs + joinMs + 100);
  expect(await read("/left")).toEqual(["version 2", "version 2"]);
});
