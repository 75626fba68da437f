// Prints the files of src/ in which each kind of request and call runs code, as JSON. Node runs this
// script.
import { Session } from "node:inspector/promises";
import { mock } from "node:test";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, type Site } from "../../../testing/site/harness.ts";

const clock = new FakeClock();
const token = "admin-of-the-files-that-run";
const headers = { "cache-control": "max-age=60", etag: '"1"', "content-type": "text/html" };
const origin = () => new Response("page", { headers });
const upstash = new FakeUpstash(clock);
const options = { clock, origin, upstash, env: { ADMIN_TOKEN: token } };
const [here, there] = openColos(2, options) as [Site, Site];
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });

const root = new URL("../../../", import.meta.url).href;

/** Returns the files that ran during a call, and what the call tells. */
async function run(call: () => Promise<string>) {
  await session.post("Profiler.takePreciseCoverage");
  const answer = await call();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const hasRun = ({ functions }: (typeof result)[number]) =>
    functions.some(({ ranges }) => ranges.some(({ count }) => count > 0));
  const files = result
    .filter(({ url }) => url.startsWith(`${root}src/`))
    .filter(hasRun)
    .map(({ url }) => url.slice(root.length));
  return { answer, files };
}

/** Asks a colo. Returns the answer's status and Cache-Status after all background work. */
async function ask(path: string, init = {}, colo: Site = here): Promise<string> {
  const response = await colo.ask(path, init);
  await response.arrayBuffer();
  await colo.settle();
  return `${response.status} ${response.headers.get("cache-status") ?? ""}`;
}

/** Gets a value. Returns whether it was stored or loaded, after all background work. */
async function get(isolate: DataIsolate, key: string): Promise<string> {
  let from = "stored";
  const load = async () => (from = "loaded");
  await isolate.articles().getOrSet(key, load);
  await isolate.settle();
  return from;
}

// A timer of one request must not run code during the next.
mock.timers.enable({ apis: ["setTimeout"] });
// The first requests compute results that later hits reuse.
for (let nth = 0; nth < 2; nth += 1) await ask("/a");
const hit = await run(() => ask("/a"));
const miss = await run(() => ask("/b"));
const order = {
  method: "POST",
  headers: { authorization: `Bearer ${token}` },
  body: '{"urls":["https://www.example.com/a"]}',
};
await ask("/a", {}, there);
const purge = await run(() => ask("/_cache/purge", order));
clock.advance(10);
const nextReader = await run(() => ask("/a", {}, there));

const colo = new DataIsolate({ cache: null });
await get(colo, "a");
await get(colo, "a");
const elsewhere = colo.elsewhere();
await get(elsewhere, "b");
const valueInMemory = await run(() => get(colo, "a"));
const valueInRedis = await run(() => get(elsewhere, "a"));
const valueLoaded = await run(() => get(elsewhere, "c"));

const requests = { hit, miss, purge, "next-reader": nextReader };
const calls = {
  "value-in-memory": valueInMemory,
  "value-in-redis": valueInRedis,
  "value-loaded": valueLoaded,
};
console.log(JSON.stringify({ ...requests, ...calls }));
