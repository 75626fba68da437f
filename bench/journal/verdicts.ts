// Measures the cost of a judgement and the memory of a view, by the number of purges and by their
// targets.
import type { Entry } from "../../src/purge/journal/entry.ts";
import type { Journal } from "../../src/purge/journal/journal.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import type { PurgeTargets } from "../../src/purge/journal/purge-target.ts";
import { counted } from "../load/figures.ts";
import { entryOf, responseOf, scalesUpTo, table, targetsOf } from "./examples.ts";

const maxLagMs = 10_000;
const responseCount = 500;
const judgedCount = 100_000;
/** The maximum number of entries in one read. */
const readCount = 8_000;

export async function reportVerdicts(countMax: number): Promise<void> {
  const byCount = [];
  for (const count of scalesUpTo(countMax)) byCount.push(await measured(count, targetsOf));
  const base = byCount[0]?.judgeNs ?? 1;
  table(
    "A view by its number of purges",
    ["purges", "entries held", "judge(), ns", "ratio", "estimated KiB", "heap KiB"],
    byCount.map(({ count, entries, judgeNs, heldBytes, heapBytes }) => [
      counted(count),
      counted(entries),
      counted(judgeNs),
      (judgeNs / base).toFixed(2),
      counted(heldBytes / 1_024),
      counted(heapBytes / 1_024),
    ]),
  );
  const contents: Record<string, (at: number) => PurgeTargets> = {
    "one tag each": (at) => ({ tags: [`tag:${at}`], prefixes: [] }),
    "one prefix each, at a segment": (at) => ({ tags: [], prefixes: [`/news/2030/${at}/`] }),
    "one prefix each, within a segment": (at) => ({ tags: [], prefixes: [`/news/2030/0${at}`] }),
    "prefixes of 8,000 lengths": (at) => ({ tags: [], prefixes: [`/${"n".repeat(at + 1)}/`] }),
    "fifty tags each": (at) => ({
      tags: Array.from({ length: 50 }, (_, nth) => `tag:${at}:${nth}`),
      prefixes: [],
    }),
  };
  const rows = [];
  for (const [name, targets] of Object.entries(contents)) {
    const { entries, judgeNs, heapBytes } = await measured(8_000, targets);
    rows.push([
      name,
      counted(entries),
      counted(judgeNs),
      (judgeNs / base).toFixed(2),
      counted(heapBytes / 1_024),
    ]);
  }
  table(
    "A view of 8,000 purges, by their targets (ratio to the first line above)",
    ["purges of", "entries held", "judge(), ns", "ratio", "heap KiB"],
    rows,
  );
}

async function measured(count: number, targets: (at: number) => PurgeTargets) {
  const held: { view: JournalView | undefined } = { view: await viewOf(count, targets) };
  const told = {
    count,
    entries: held.view?.chain?.entries.length ?? 0,
    heldBytes: held.view?.chain?.heldBytes ?? 0,
    // Use the minimum, because other processes share this machine.
    judgeNs: Math.min(...Array.from({ length: 15 }, () => judgeNsOf(held.view))),
  };
  const heapBytesWithIt = await heapBytesNow();
  held.view = undefined;
  return { ...told, heapBytes: heapBytesWithIt - (await heapBytesNow()) };
}

function judgeNsOf(view: JournalView | undefined): number {
  const stamp = view?.chain?.end ?? "none";
  const responses = Array.from({ length: responseCount }, (_, at) => responseOf(at, stamp));
  const startedMs = performance.now();
  for (let at = 0; at < judgedCount; at += 1) {
    const stored = responses[at % responseCount];
    const judged = stored && view?.judge(stored, { atMs: 0, maxLagMs, colo: () => "" });
    if (judged?.kind !== "usable")
      throw new Error("A response is not usable, although no purge covers it.");
  }
  return ((performance.now() - startedMs) * 1e6) / judgedCount;
}

/** Returns the heap after garbage collection. */
async function heapBytesNow(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** Creates a view by reading entries, as many as possible in each read. */
async function viewOf(count: number, targets: (at: number) => PurgeTargets): Promise<JournalView> {
  const reads = { upTo: 1 };
  const entriesFrom = (from: number, to: number): Entry[] =>
    Array.from({ length: to - from }, (_, at) => entryOf(from + at, targets(from + at)));
  const journal: Pick<Journal, "newest" | "since"> = {
    newest: async () => ({ kind: "read", entries: entriesFrom(0, 1), sentAtMs: 0 }),
    since: async () => {
      const from = reads.upTo;
      reads.upTo = Math.min(count, from + readCount);
      return { kind: "read", entries: entriesFrom(from, reads.upTo), sentAtMs: 0 };
    },
  };
  const view = new JournalView({
    journal: journal as Journal,
    nowAtMs: () => 0,
    maxLagMs,
    allowanceMs: 1_000,
    timeoutMs: 2_000,
  });
  await view.catchUp();
  while (reads.upTo < count) await view.catchUp();
  return view;
}
