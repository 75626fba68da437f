// Run by Node itself: prints, as JSON, the files of src/ in which a hit in memory runs code. An
// argument `journal` gives the site a purge journal.
import { Session } from "node:inspector/promises";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite } from "../../../testing/site/harness.ts";

const clock = new FakeClock();
const upstash = process.argv.includes("journal") ? { upstash: new FakeUpstash(clock) } : {};
const fields = { "cache-control": "max-age=60", etag: '"1"', "content-type": "text/html" };
const origin = () => new Response("page", { headers: fields });
const site = openSite({ clock, origin, ...upstash });
for (let nth = 0; nth < 2; nth += 1) await site.get("/a");

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const response = await site.ask("/a");
const { result } = await session.post("Profiler.takePreciseCoverage");

const hasRun = ({ functions }: (typeof result)[number]) =>
  functions.some(({ ranges }) => ranges.some(({ count }) => count > 0));
const root = new URL("../../../", import.meta.url).href;
const files = result
  .filter(({ url }) => url.startsWith(`${root}src/`))
  .filter(hasRun)
  .map(({ url }) => url.slice(root.length));
console.log(JSON.stringify({ cacheStatus: response.headers.get("cache-status"), files }));
