// Measures how long other isolates use a purged page, over both stores, with and without hints, while
// there are few purges, and 100 a second. The store is 100 ms away, and each isolate gets 20 requests a second.
//   npm run bench -- lag [--purges 60] [--colos 3] [--rtt 100] [--only objects,hints,quiet] [--write]
// --only takes parts of the names of rows. --write writes the table into docs/stores.md.
import { parseArgs } from "node:util";
import { pause } from "../src/base/timeouts.ts";
import { Draws } from "../testing/draws.ts";
import { machineSaid, markdownTable, quantile, replaceMarkedPart } from "./load/figures.ts";
import { numberOf, report } from "./load/run-options.ts";
import { type LagSite, purge, startSite, versionAt } from "./lag/site.ts";
import { isolateCount, type StoreUnderTest } from "./lag/worker.ts";

const paceMs = 50;
/** The times between two purges of the page. */
const [quietMsMin, quietMsMax] = [1_500, 5_000];
const busyPurgesPerSecond = 100;
const purgesAtOnceMax = 50;
/** N, by default. No purge may take longer. */
const maxLagMs = 10_000;

const { values } = parseArgs({
  options: {
    purges: { type: "string", default: "60" },
    colos: { type: "string", default: "3" },
    rtt: { type: "string", default: "100" },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});
const purgeCount = numberOf("--purges", values.purges);
const coloCount = numberOf("--colos", values.colos);
const roundTripMs = numberOf("--rtt", values.rtt);

/**
 * @returns the lags of all purges of the page, in milliseconds: from the answer to the purge until the
 *   first request of an isolate that gets the new page
 */
async function lagsOf(store: StoreUnderTest, isBusy: boolean): Promise<number[]> {
  const site = await startSite(store, { coloCount, roundTripMs });
  const over = new AbortController();
  try {
    await askedFor(site, 3_000);
    const others = isBusy ? purgeOthers(site, over.signal) : undefined;
    const draws = new Draws(1);
    const lags: number[] = [];
    for (let nth = 0; nth < purgeCount; nth += 1) {
      await askedFor(site, draws.between(quietMsMin, quietMsMax));
      lags.push(...(await lagsOfOne(site)));
    }
    over.abort();
    await others;
    return lags;
  } finally {
    over.abort();
    await site.stop();
  }
}

/** Purges the page, and returns the lag of each isolate but the one that accepted the purge. */
async function lagsOfOne(site: LagSite): Promise<number[]> {
  const [accepting] = site.colos;
  if (accepting === undefined) return [];
  site.version += 1;
  await purge(accepting, "page");
  const acceptedAtMs = performance.now();
  const lags = eachIsolate(site, async (colo, isolate) => {
    for (;;) {
      const sentAtMs = performance.now();
      if ((await versionAt(colo, isolate)) === site.version) return sentAtMs - acceptedAtMs;
      await pause(Math.max(0, sentAtMs + paceMs - performance.now()));
    }
  });
  return (await Promise.all(lags)).slice(1);
}

/** Requests the page from all isolates for a time. */
async function askedFor(site: LagSite, ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  const asking = eachIsolate(site, async (colo, isolate) => {
    while (performance.now() < untilMs)
      await Promise.all([versionAt(colo, isolate), pause(paceMs)]);
  });
  await Promise.all(asking);
}

function eachIsolate<T>(
  { colos }: LagSite,
  work: (colo: LagSite["colos"][number], isolate: number) => Promise<T>,
): Promise<T>[] {
  const isolates = Array.from({ length: isolateCount }, (_, isolate) => isolate);
  return colos.flatMap((colo) => isolates.map((isolate) => work(colo, isolate)));
}

/** Purges other tags all the time. */
async function purgeOthers({ colos }: LagSite, signal: AbortSignal): Promise<void> {
  const running = new Set<Promise<void>>();
  const [accepting] = colos;
  if (accepting === undefined) return;
  const begunAtMs = performance.now();
  for (let nth = 0; !signal.aborted; nth += 1) {
    const dueAtMs = begunAtMs + (nth * 1_000) / busyPurgesPerSecond;
    await pause(Math.max(0, dueAtMs - performance.now()));
    if (running.size >= purgesAtOnceMax) continue;
    const one = purge(accepting, `other-${nth}`).finally(() => running.delete(one));
    running.add(one);
  }
  await Promise.all(running);
}

await report(async () => {
  const rows: string[][] = [];
  let violationCount = 0;
  for (const name of ["Durable Objects", "Redis at Upstash"] as const) {
    for (const hasHints of [false, true]) {
      for (const isBusy of [false, true]) {
        const row = [name, hasHints ? "hints" : "polling", isBusy ? "100 a second" : "quiet"];
        const wanted = values.only.toLowerCase().split(",");
        if (!wanted.every((part) => row.join(" ").toLowerCase().includes(part))) continue;
        const lags = await lagsOf({ name, hasHints }, isBusy);
        violationCount += lags.filter((ms) => ms > maxLagMs).length;
        const seconds = [0.5, 0.99, 1].map(
          (share) => `${(quantile(lags, share) / 1_000).toFixed(2)} s`,
        );
        rows.push([...row, String(lags.length), ...seconds]);
        process.stderr.write(`${rows.at(-1)?.join(", ")}\n`);
      }
    }
  }
  const head = ["store", "learns by", "purges", "lags", "median", "p99", "longest"];
  const table = `${markdownTable(head, rows)}\n${coloCount} colos of ${isolateCount} isolates, ${roundTripMs} ms to the store. ${machineSaid()}\n`;
  if (values.write) await replaceMarkedPart("docs/stores.md", "npm run bench -- lag", table);
  return { table, violationCount };
});
