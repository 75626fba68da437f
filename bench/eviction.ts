// Counts the hits of the memory tier on six traces, beside other policies of eviction.
// `--write` updates the table in docs/performance.md.
import { fileURLToPath } from "node:url";
import { RecordKey } from "../src/cache/record/record-key.ts";
import { BytesBody } from "../src/cache/record/record.ts";
import { heapBytes } from "../src/cache/tiers/record-form.ts";
import { smallBodyBytesMax } from "../src/cache/tiers/tier.ts";
import { responseForm } from "../src/pages/stored/record-form.ts";
import { Draws } from "../testing/draws.ts";
import {
  ask,
  keep,
  memoryTier,
  metadataOf,
  type PageRecord,
  withBody,
} from "../testing/examples/records.ts";
import { counted, markdownTable, replaceMarkedPart } from "./load/figures.ts";
import { zipfRanks } from "./load/zipf.ts";

const bytesMax = 32 * 1_048_576;
const [requestCount, pageCount] = [400_000, 20_000];
/** Pages that are requested once have numbers from here on. */
const onceFrom = 10_000_000;

interface Page {
  readonly number: number;
  readonly bytes: number;
}

/** Requests a page, and may store it. Returns whether the page was stored before. */
type Policy = (page: Page) => boolean;

/** Pages in the order in which they were added, with the sum of their bytes. */
class Queue {
  readonly pages = new Set<Page>();
  bytes = 0;

  add(page: Page): void {
    this.pages.add(page);
    this.bytes += page.bytes;
  }

  /** Returns whether the queue had the page. */
  remove(page: Page): boolean {
    if (!this.pages.delete(page)) return false;
    this.bytes -= page.bytes;
    return true;
  }

  /** Removes and returns the oldest page while the queue has more bytes than a limit. */
  *over(limitBytes: number): Generator<Page> {
    for (const page of this.pages.values()) {
      if (this.bytes <= limitBytes) return;
      this.remove(page);
      yield page;
    }
  }
}

/** Evicts the page that was requested least recently. */
function lru(): Policy {
  const stored = new Queue();
  return (page) => {
    const isHit = stored.remove(page);
    stored.add(page);
    Array.from(stored.over(bytesMax));
    return isHit;
  };
}

/** SIEVE (Zhang et al., NSDI 2024): a hand passes over the pages that were read since its last pass. */
function sieve(): Policy {
  const stored = new Queue();
  const read = new Set<Page>();
  let hand = stored.pages.values();
  return (page) => {
    const isHit = stored.pages.has(page);
    if (isHit) {
      read.add(page);
      return true;
    }
    while (stored.bytes + page.bytes > bytesMax) {
      const { value: next } = hand.next();
      if (next === undefined) hand = stored.pages.values();
      else if (!read.delete(next)) stored.remove(next);
    }
    stored.add(page);
    return false;
  };
}

/** S3-FIFO (Yang et al., SOSP 2023): a tenth is on trial, and a ghost skips its next trial. */
function s3Fifo(): Policy {
  const [onTrial, kept] = [new Queue(), new Queue()];
  /** The reads of each stored page since it was added or last passed over, at most 3. */
  const readsOf = new Map<Page, number>();
  const ghosts = new Set<Page>();
  const step = () => {
    const isTrial = onTrial.bytes > bytesMax / 10 || kept.bytes === 0;
    const [page] = (isTrial ? onTrial : kept).over(0);
    const reads = page && readsOf.get(page);
    if (page === undefined || reads === undefined) return;
    if (reads > 0) {
      readsOf.set(page, isTrial ? 0 : reads - 1);
      return kept.add(page);
    }
    readsOf.delete(page);
    if (isTrial) ghosts.add(page);
    const [oldest] = ghosts;
    if (oldest !== undefined && ghosts.size > readsOf.size) ghosts.delete(oldest);
  };
  return (page) => {
    const reads = readsOf.get(page);
    readsOf.set(page, reads === undefined ? 0 : Math.min(3, reads + 1));
    if (reads !== undefined) return true;
    while (onTrial.bytes + kept.bytes + page.bytes > bytesMax) step();
    (ghosts.delete(page) ? kept : onTrial).add(page);
    return false;
  };
}

/**
 * W-TinyLFU (Einziger et al., ACM ToS 2017) with exact counts up to 15, halved every 10,000
 * requests. A page that leaves the window of 1 % replaces those on probation that were requested
 * less often. Of the other 99 %, four fifths are for pages that were read again.
 */
function wTinyLfu(): Policy {
  const [inWindow, onProbation, kept] = [new Queue(), new Queue(), new Queue()];
  const counts = new Map<Page, number>();
  const countOf = (page: Page) => counts.get(page) ?? 0;
  let noted = 0;
  const note = (page: Page) => {
    counts.set(page, Math.min(15, countOf(page) + 1));
    noted += 1;
    if (noted % 10_000 > 0) return;
    for (const [each, count] of counts) {
      if (count > 1) counts.set(each, count >> 1);
      else counts.delete(each);
    }
  };
  const admit = (page: Page) => {
    const victims: Page[] = [];
    let over = onProbation.bytes + kept.bytes + page.bytes - 0.99 * bytesMax;
    for (const victim of onProbation.pages.values()) {
      if (over <= 0) break;
      if (countOf(victim) >= countOf(page)) return;
      victims.push(victim);
      over -= victim.bytes;
    }
    if (over > 0) return;
    for (const victim of victims) onProbation.remove(victim);
    onProbation.add(page);
  };
  return (page) => {
    note(page);
    if (onProbation.remove(page) || kept.remove(page)) {
      kept.add(page);
      for (const oldest of kept.over(0.8 * 0.99 * bytesMax)) onProbation.add(oldest);
      return true;
    }
    const isHit = inWindow.remove(page);
    inWindow.add(page);
    for (const oldest of inWindow.over(0.01 * bytesMax)) admit(oldest);
    return isHit;
  };
}

/** Evicts the page whose next request is last (Belady 1966). No real policy knows the trace. */
function belady(trace: readonly Page[]): Policy {
  const nextAts: number[] = [];
  const lastAt = new Map<Page, number>();
  for (const [fromEnd, page] of trace.toReversed().entries()) {
    nextAts.push(lastAt.get(page) ?? Infinity);
    lastAt.set(page, trace.length - 1 - fromEnd);
  }
  const nextAtOf = new Map<Page, number>();
  let bytes = 0;
  return (page) => {
    const isHit = nextAtOf.has(page);
    nextAtOf.set(page, nextAts.pop() ?? Infinity);
    if (!isHit) bytes += page.bytes;
    while (bytes > bytesMax) {
      let [last, lastNextAt] = [page, -1];
      for (const [each, nextAt] of nextAtOf) {
        if (nextAt > lastNextAt) [last, lastNextAt] = [each, nextAt];
      }
      nextAtOf.delete(last);
      bytes -= last.bytes;
    }
    return isHit;
  };
}

const policies: readonly (readonly [name: string, create: (trace: readonly Page[]) => Policy])[] = [
  ["memory tier", memoryTierPolicy],
  ["LRU", lru],
  ["SIEVE", sieve],
  ["S3-FIFO", s3Fifo],
  ["W-TinyLFU", wTinyLfu],
  ["Belady", belady],
];

async function main(): Promise<void> {
  const rows = tracesOf().map(([name, trace]) =>
    [name].concat(policies.map(([, create]) => played(trace, create(trace)))),
  );
  const text =
    `${counted(requestCount)} requests for ${counted(pageCount)} pages, 32 MiB\n\n` +
    markdownTable(["hits / bytes of hits, %", ...policies.map(([name]) => name)], rows);
  process.stdout.write(text);
  const path = fileURLToPath(new URL("../docs/performance.md", import.meta.url));
  if (process.argv.includes("--write")) await replaceMarkedPart(path, "eviction", text);
}

/** Returns the shares of requests, and of bytes, that are hits. */
function played(trace: readonly Page[], policy: Policy): string {
  let [hits, hitBytes, bytes] = [0, 0, 0];
  for (const page of trace) {
    bytes += page.bytes;
    if (!policy(page)) continue;
    hits += 1;
    hitBytes += page.bytes;
  }
  return `${((100 * hits) / trace.length).toFixed(1)} / ${((100 * hitBytes) / bytes).toFixed(1)}`;
}

function tracesOf(): (readonly [name: string, trace: readonly Page[]])[] {
  const pages = new Map<number, Page>();
  const traceOf = (
    exponent: number,
    numberOfPage: (rank: number, at: number, draws: Draws) => number = (rank) => rank,
  ) => {
    const [draws, ranks] = [new Draws(1), zipfRanks(pageCount, exponent)];
    return Array.from({ length: requestCount }, (_, at) => {
      const number = numberOfPage(ranks(draws), at, draws);
      const page = pages.get(number) ?? { number, bytes: bytesOf(number) };
      pages.set(number, page);
      return page;
    });
  };
  const once = (at: number) => onceFrom + at;
  const isInScan = (at: number) => ((10 * at) / requestCount) % 1 >= 0.7;
  const drift = (at: number) => 300 * Math.floor((20 * at) / requestCount);
  return [
    ["Zipf 0.7", traceOf(0.7)],
    ["Zipf 0.9", traceOf(0.9)],
    ["Zipf 1.1", traceOf(1.1)],
    ["one-hit", traceOf(0.9, (rank, at, draws) => (draws.isLucky(0.4) ? once(at) : rank))],
    ["scan", traceOf(0.9, (rank, at) => (isInScan(at) ? once(at) : rank))],
    ["drift", traceOf(0.9, (rank, at) => (rank + drift(at)) % pageCount)],
  ];
}

const body = new Uint8Array(smallBodyBytesMax);
const metadata = metadataOf(body);

function recordOf(number: number): PageRecord {
  const draws = new Draws(number);
  const angle = draws.between(0, 2 * Math.PI);
  const normal = Math.sqrt(-2 * Math.log(draws.between(0, 1))) * Math.cos(angle);
  const bodyBytes = Math.min(smallBodyBytesMax, Math.floor(8_192 * Math.exp(normal)));
  return withBody({ ...metadata, bodyBytes }, new BytesBody(body.subarray(0, bodyBytes)));
}

function keyOf(number: number): RecordKey {
  return new RecordKey(`https://www.example.com/${number}`, "www.example.com");
}

/** Returns the size that the memory tier counts, for the limits of all policies. */
function bytesOf(number: number): number {
  return heapBytes(recordOf(number), responseForm) + 2 * keyOf(number).text.length;
}

function memoryTierPolicy(): Policy {
  const tier = memoryTier(bytesMax);
  return ({ number }) => {
    const key = keyOf(number);
    if (tier.read(key, ask).kind === "found") return true;
    tier.write(key, recordOf(number), keep);
    return false;
  };
}

await main();
