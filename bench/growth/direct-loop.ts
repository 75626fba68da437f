// The CPU time of a hit in memory, and the memory of its isolate: a loop over the application in this process.
import { Draws } from "../../testing/draws.ts";
import { median } from "../load/figures.ts";
import { routesBefore } from "../scale/point.ts";
import { PlayedSite } from "../scale/played-site.ts";
import { PlayedTime } from "../scale/played-time.ts";
import { sampledPages } from "../scale/sample.ts";
import { openStores } from "../scale/stores.ts";
import { baseSite, type Value } from "./axes.ts";

export interface DirectCost {
  /** Of a request, with its share of the reads of purges, in microseconds. */
  readonly cpuMicros: number;
  /** Estimates by the tier of memory, and of the view. */
  readonly recordBytes: number;
  readonly viewBytes: number;
}

const [pageCount, roundCount] = [100, 7];
/** The requests of an isolate in a round, and their time at the rate of the base site. */
const requestCount = 100;
const roundSeconds = (requestCount * baseSite.colos) / baseSite.requestsPerSecond;

/** Measures all values in turn, so that the state of the machine concerns each of them alike. */
export async function directCosts(values: readonly Value[]): Promise<readonly DirectCost[]> {
  const time = new PlayedTime();
  return time.keeping(async () => {
    const loops = [];
    for (const value of values) loops.push(await openLoop(value, time));
    const micros = loops.map((): number[] => []);
    for (let round = 0; round < roundCount; round += 1) {
      for (const [at, loop] of loops.entries()) micros[at]?.push(await loop.round());
    }
    return loops.map(({ isolate }, at) => {
      const { records, view } = isolate.memoryBytes;
      // The first rounds warm the code.
      const cpuMicros = median(micros[at]?.slice(2) ?? []);
      return { cpuMicros, recordBytes: records, viewBytes: view };
    });
  });
}

async function openLoop({ point }: Value, time: PlayedTime) {
  const { otherPurges, tagsAPage, bodyBytes = 20_000, otherRoutes } = point;
  const draws = new Draws(1);
  const sample = { pageCount, sampleCount: pageCount, tagsAPage, bodyBytes };
  const pages = sampledPages(sample, draws).map((page) =>
    Object.assign(page, { lifetimeSeconds: 86_400 }),
  );
  const routes = [...routesBefore(otherRoutes), { name: "all", match: "*" }];
  const stores = openStores("all in Redis", time, 1);
  const site = new PlayedSite({ time, stores, draws, config: { metrics: "off", routes }, pages });
  const [isolate, elsewhere] = [site.startIsolate(0, false), site.startIsolate(1, false)];
  for (const page of pages) {
    const asked = isolate.ask(page);
    await time.passTo(time.atMs + 200);
    await asked;
  }
  let purgeCount = 0;
  const purges = Math.round((otherPurges?.perSecond ?? 0) * roundSeconds);
  /** Returns the CPU time of a request in a round, in microseconds. */
  const round = async (): Promise<number> => {
    for (let nth = 0; nth < purges; nth += 1)
      void elsewhere.purge(`t:session:${(purgeCount += 1)}`);
    await time.passTo(time.atMs + roundSeconds * 1_000);
    const before = process.cpuUsage();
    await isolate.readOn();
    for (let nth = 0; nth < requestCount; nth += 1)
      await isolate.ask(pages[nth % pages.length] as (typeof pages)[number]);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / requestCount;
  };
  return { isolate, round };
}
