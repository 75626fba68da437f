// What a request to Redis is for, told by the keys and the names of its commands.
import type { RedisCommand } from "../../local/upstash-rest/redis-connection.ts";

export const uses = [
  "look-up",
  "fill",
  "Vary marker",
  "freshening",
  "removal",
  "lease",
  "journal read",
  "journal read at the primary",
  "journal mark",
  "purge, written",
  "purge, read back",
  "hot keys",
  "probe",
  "metrics",
  "unknown",
] as const;
export type Use = (typeof uses)[number];

type KeyKind = "record" | "lease" | "journal" | "probe" | "hot" | "metrics" | "other";

const keyKinds: Readonly<Record<string, KeyKind>> = {
  r: "record",
  lease: "lease",
  journal: "journal",
  probe: "probe",
  hot: "hot",
  metrics: "metrics",
};
/** How the shared tier asks for a record, and writes all of it. */
const recordRead = "GETRANGE";
const recordWrite = "SET";

/**
 * @param commands of one request: those of a transaction are for one thing
 * @param digests of the bodies that were stored so far, by key: the same again is no fill
 */
export function useOf(
  commands: readonly Readonly<RedisCommand>[],
  digests: ReadonlyMap<string, string>,
): Use {
  const has = (name: string) => commands.some(([each]) => each === name);
  const kinds = new Set(commands.map(keyKindOf));
  if (kinds.has("lease")) return "lease";
  if (kinds.has("hot")) return "hot keys";
  if (kinds.has("metrics")) return "metrics";
  if (kinds.has("journal")) return useOfJournal(has, kinds);
  if (kinds.has("record")) return useOfRecord(commands, digests);
  return has("PING") ? "probe" : "unknown";
}

function useOfJournal(has: (name: string) => boolean, kinds: ReadonlySet<KeyKind>): Use {
  if (has("XADD")) return has("XREVRANGE") ? "journal mark" : "purge, written";
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
  return has(recordRead) ? "look-up" : "unknown";
}

function keyKindOf([name, ...given]: Readonly<RedisCommand>): KeyKind {
  const key = String(given[name === "EVAL" || name === "EVALSHA" ? 2 : 0] ?? "");
  return keyKinds[key.split(":")[1] ?? ""] ?? "other";
}

export interface WrittenRecord {
  readonly key: string;
  readonly kind: "response" | "vary";
  readonly bodyDigest: string;
  readonly tags: readonly string[];
}

/** @returns the record that a request writes; `undefined` for one that writes none */
export function writtenBy(commands: readonly Readonly<RedisCommand>[]): WrittenRecord | undefined {
  const [, key = "", ...texts] = commands.find(([name]) => name === recordWrite) ?? [];
  // Metadata is one line of JSON, and no body in base64 begins as JSON does.
  const head = texts.map(String).find((text) => text.startsWith("{"));
  if (head === undefined) return undefined;
  const { record } = JSON.parse(head.split("\n", 1)[0] ?? "") as {
    record: { kind: "response" | "vary"; metadata?: { bodyDigest: string; tags: string[] } };
  };
  const { bodyDigest = "", tags = [] } = record.metadata ?? {};
  return { key: String(key), kind: record.kind, bodyDigest, tags };
}
