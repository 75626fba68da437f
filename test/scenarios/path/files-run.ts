// Prints the files of src/ in which each kind of request runs code, as JSON. Node runs this script.
// The argument `journal` gives the site a purge journal.
import { Session } from "node:inspector/promises";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite } from "../../../testing/site/harness.ts";

const clock = new FakeClock();
const upstash = process.argv.includes("journal") ? { upstash: new FakeUpstash(clock) } : {};
const token = "admin-of-the-files-that-run";
const headers = { "cache-control": "max-age=60", etag: '"1"', "content-type": "text/html" };
const origin = () => new Response("page", { headers });
const site = openSite({ clock, origin, env: { ADMIN_TOKEN: token }, ...upstash });
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });

const root = new URL("../../../", import.meta.url).href;

/** Returns the files that ran during a request, and its Cache-Status. */
async function run(request: () => Promise<Response>) {
  await session.post("Profiler.takePreciseCoverage");
  const response = await request();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const hasRun = ({ functions }: (typeof result)[number]) =>
    functions.some(({ ranges }) => ranges.some(({ count }) => count > 0));
  const files = result
    .filter(({ url }) => url.startsWith(`${root}src/`))
    .filter(hasRun)
    .map(({ url }) => url.slice(root.length));
  return { status: response.status, told: response.headers.get("cache-status"), files };
}

/** Returns the answer after all background work. */
async function settled(path: string, init = {}): Promise<Response> {
  const response = await site.ask(path, init);
  await response.arrayBuffer();
  await site.settle();
  return response;
}

// Keeps the process alive, because the timer that reads a purge back does not.
const held = setInterval(() => undefined, 60_000);
// The first requests compute results that later hits reuse.
for (let nth = 0; nth < 2; nth += 1) await settled("/a");
const hit = await run(() => site.ask("/a"));
const miss = await run(() => settled("/b"));
const order = {
  method: "POST",
  headers: { authorization: `Bearer ${token}` },
  body: '{"tags":["news"]}',
};
const purge = await run(() => settled("/_cache/purge", order));
console.log(JSON.stringify({ hit, miss, purge }));
clearInterval(held);
