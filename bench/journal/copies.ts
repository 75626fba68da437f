// Measures how long it takes to write and read a copy of the view. A map in memory replaces the
// Cache API.
import { Chain } from "../../src/purge/view/chain.ts";
import { ViewCopies } from "../../src/purge/view/view-copies.ts";
import { counted, median } from "../load/figures.ts";
import { entryOf, table } from "./examples.ts";

const host = "www.example.com";
const roundCount = 25;

export async function reportCopies(): Promise<void> {
  const kept = new Map<string, ArrayBuffer>();
  const cache = {
    match: async (address: unknown) => {
      const body = kept.get(String(address));
      return body && new Response(body.slice());
    },
    put: async (address: unknown, response: Response) => {
      kept.set(String(address), await response.arrayBuffer());
    },
  };
  const copies = new ViewCopies({
    cache: () => cache,
    journal: "bench",
    claimant: "one",
    nowAtMs: () => 0,
    allowanceMs: 1_000,
    keepMs: 60_000,
  });
  const rows = [];
  for (const count of [1, 100, 1_000]) {
    const chain = new Chain(Array.from({ length: count }, (_, at) => entryOf(at)));
    const view = { entries: chain.entries, sentAtMs: 0 };
    const written = await timed(() => copies.publish(host, view));
    const unchanged = await timed(async () => (await copies.read(host))?.entriesAfter(chain.end));
    const cold = await timed(async () => (await copies.read(host))?.entries());
    const [bytes] = [...kept.values()];
    rows.push([
      counted(count),
      counted((bytes?.byteLength ?? 0) / 1_024),
      written,
      unchanged,
      cold,
    ]);
  }
  table(
    "A copy of a view: median ms",
    ["entries", "KiB", "written", "read without new entries", "read by a cold isolate"],
    rows,
  );
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const takenMs: number[] = [];
  for (let round = 0; round < roundCount; round += 1) {
    const startedMs = performance.now();
    await work();
    takenMs.push(performance.now() - startedMs);
  }
  return median(takenMs).toFixed(2);
}
