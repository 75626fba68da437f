// On the built Worker: what an answer to an unsafe method invalidates is gone in every colo, however many
// write at once, and also if the writer leaves before the answer. A busy machine may be late: when, and in how
// many entries, stands in test/scenarios/invalidation/invalidate-everywhere.test.ts.
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, startWorld, until, type World } from "../../testing/worker/world.ts";

const patienceMs = 30_000;
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
      purge: { maxLagSeconds: 1, clockAllowanceSeconds: 0.2 },
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
    const isHit = async () => cacheStatusOf(await rawRequest(colo.url, path)).includes("; hit");
    await until(isHit, "a hit");
  }
}

const bodiesOf = async (path: string) =>
  Promise.all(world.colos.map(async ({ url }) => (await rawRequest(url, path)).body.toString()));

const isEverywhere = async (path: string) =>
  (await bodiesOf(path)).every((body) => body === "version 2");

it("many writes at once are two entries, and reach every colo", async () => {
  const paths = Array.from({ length: 40 }, (_, nth) => `/page-${nth}`);
  for (const path of paths.slice(0, 3)) await fill(path);
  world.rest.resetCounts();
  const near = world.colos[0]!;
  await Promise.all(paths.map((path) => rawRequest(near.url, path, { method: "POST" })));
  for (const path of paths.slice(0, 3)) {
    await until(() => isEverywhere(path), `version 2 of ${path}`, patienceMs);
  }
  expect(world.rest.counts().commandCountByName["XADD"]).toBeLessThan(10);
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
  const written = until(() => isEverywhere("/left"), "version 2", patienceMs);
  await expect(written).resolves.toBe(undefined);
});
