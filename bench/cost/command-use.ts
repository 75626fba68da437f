// Derives the purpose of a request to Redis from the keys and names of its commands.
import type { RedisCommand } from "../../local/upstash-rest/redis-connection.ts";
import { appendScript, markScript } from "../../src/stores/redis/journal/journal-scripts.ts";
import { postScript } from "../../src/stores/redis/journal/redis-switch.ts";
import { standingScript } from "../../src/stores/redis/journal/standing-script.ts";

export const uses = [
  "look-up",
  "fill",
  "Vary marker",
  "freshening",
  "removal",
  "lock",
  "journal read",
  "journal read at the primary",
  "journal mark",
  "purge, written",
  "purge, read back",
  "hot keys",
  "probe",
  "switch",
  "secret",
  "listing",
  "metrics",
  "database information",
  "ballast",
  "unknown",
] as const;
export type Use = (typeof uses)[number];

type KeyKind =
  | "record"
  | "lock"
  | "journal"
  | "switch"
  | "secret"
  | "probe"
  | "hot"
  | "metrics"
  | "ballast"
  | "other";

const keyKinds: Readonly<Record<string, KeyKind>> = {
  r: "record",
  lock: "lock",
  journal: "journal",
  switch: "switch",
  secret: "secret",
  metrics: "metrics",
  probe: "probe",
  hot: "hot",
  ballast: "ballast",
};
/** The commands with which the shared tier reads a record, and writes a whole record. */
const recordRead = "GETRANGE";
const recordWrite = "SET";

const useOfScript: ReadonlyMap<string, Use> = new Map([
  [appendScript, "purge, written"],
  [markScript, "journal mark"],
  [postScript, "switch"],
  [standingScript, "purge, read back"],
]);

/**
 * @param commands the commands of one request. The commands of a transaction have one purpose
 * @param digests the digests of the stored bodies, by key. A write of the same body is not a fill
 */
export function useOf(
  commands: readonly Readonly<RedisCommand>[],
  digests: ReadonlyMap<string, string>,
): Use {
  const has = (name: string) => commands.some(([each]) => each === name);
  const kinds = new Set(commands.map(keyKindOf));
  const written = commands.length === 1 && useOfScript.get(String(commands[0]?.[1]));
  if (written) return written;
  if (kinds.has("lock")) return "lock";
  if (kinds.has("hot")) return "hot keys";
  if (kinds.has("metrics")) return "metrics";
  if (kinds.has("ballast")) return "ballast";
  if (kinds.has("journal")) return useOfJournal(has, kinds);
  if (kinds.has("switch")) return "switch";
  if (kinds.has("secret")) return "secret";
  if (kinds.has("record")) return useOfRecord(commands, digests);
  return useWithoutKey(has);
}

/**
 * Returns the purpose of commands without a key. A scrape, health and a check of free memory send
 * the same INFO, so they count as one.
 */
function useWithoutKey(has: (name: string) => boolean): Use {
  if (has("PING")) return "probe";
  if (has("SCAN")) return "listing";
  return has("INFO") || has("TIME") ? "database information" : "unknown";
}

function useOfJournal(has: (name: string) => boolean, kinds: ReadonlySet<KeyKind>): Use {
  if (has("EVAL_RO") || has("HMGET")) return "journal read";
  if (!kinds.has("probe")) return has("XRANGE") || has("XREVRANGE") ? "journal read" : "unknown";
  return has("XREVRANGE") ? "journal read at the primary" : "purge, read back";
}

function useOfRecord(
  commands: readonly Readonly<RedisCommand>[],
  digests: ReadonlyMap<string, string>,
): Use {
  const has = (name: string) => commands.some(([each]) => each === name);
  const written = writtenBy(commands);
  if (written?.kind === "vary") return "Vary marker";
  if (written !== undefined) {
    return digests.get(written.key) === written.bodyDigest ? "freshening" : "fill";
  }
  if (has("DEL")) return "removal";
  const reads = commands.filter(([name]) => name === recordRead).length;
  if (reads === 0) return "unknown";
  // A lookup reads one key. A listing page with only one result looks the same.
  return reads === 1 ? "look-up" : "listing";
}

function keyKindOf([name, ...given]: Readonly<RedisCommand>): KeyKind {
  const key = String(given[name.startsWith("EVAL") ? 2 : 0] ?? "");
  return keyKinds[key.split(":")[1] ?? ""] ?? "other";
}

interface WrittenRecord {
  readonly key: string;
  readonly kind: "response" | "vary";
  readonly bodyDigest: string;
  readonly tags: readonly string[];
}

/** @returns the record that a request writes; `undefined` if it writes none */
export function writtenBy(commands: readonly Readonly<RedisCommand>[]): WrittenRecord | undefined {
  const [, key = "", ...texts] = commands.find(([name]) => name === recordWrite) ?? [];
  // Metadata is one line of JSON, and no encoded body begins with a brace.
  const head = texts.map(String).find((text) => text.startsWith("{"));
  if (head === undefined) return undefined;
  // The names of members in text (src/cache/tiers/record-codec.ts).
  const { kind, d, t } = JSON.parse(head.split("\n", 1)[0] ?? "") as {
    kind?: "vary";
    d?: string;
    t?: string[];
  };
  return { key: String(key), kind: kind ?? "response", bodyDigest: d ?? "", tags: t ?? [] };
}
