// Example purges and stored responses of a site with articles, and a function that prints tables.
import type { Stamp } from "../../src/cache/record/record.ts";
import type { StoredMetadata } from "../../src/proxy/stored/stored-response.ts";
import {
  decodeEntry,
  encodeEntry,
  type Entry,
  type NewEntry,
} from "../../src/purge/journal/entry.ts";
import { type PurgeTargets, userTag } from "../../src/purge/journal/purge-target.ts";
import { responseWith } from "../../testing/examples/purges.ts";

/**
 * Returns the targets of a purge. Every tenth purge names a prefix, and half of the prefixes end
 * within a path segment.
 */
export function targetsOf(at: number): PurgeTargets {
  if (at % 10 !== 0) return { tags: [userTag(`article:${at}`)], prefixes: [] };
  return { tags: [], prefixes: [at % 20 === 0 ? `/news/${at}/` : `/news/archive/${at}`] };
}

export function purgeOf(at: number, targets = targetsOf(at)): NewEntry {
  return {
    n: crypto.randomUUID(),
    mode: "hard",
    targets,
    id: `msg_${crypto.randomUUID()}`,
    bodyDigest: "0123456789abcdef".repeat(4),
    reason: "a correction",
    by: "webhook",
    lost: "",
  };
}

/** Returns an entry decoded from JSON, so that it shares no strings with other entries. */
export function entryOf(at: number, targets = targetsOf(at)): Entry {
  const fields = Object.entries(encodeEntry(purgeOf(at, targets))).flat();
  return decodeEntry(`${at + 1}-0`, JSON.parse(JSON.stringify(fields)) as string[]);
}

export function responseOf(at: number, stamp: Stamp): StoredMetadata {
  return responseWith({
    url: `https://www.example.com/news/2030/01/articles-of-the-month/${at}?page=2`,
    tags: ["front", `author:${at % 50}`, `article:x${at}`],
    stamp,
  });
}

/** Returns the numbers of purges to measure, at most `most`. */
export const scalesUpTo = (most: number): number[] => [
  ...new Set([1, 1_000, 100_000, 1_000_000].map((count) => Math.min(count, most))),
];

export function table(title: string, head: readonly string[], rows: readonly string[][]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const text = [head, head.map(() => "---"), ...rows].map(line).join("");
  process.stdout.write(`${title}\n\n${text}\n`);
}
