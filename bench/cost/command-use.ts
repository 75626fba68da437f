// What a request to Redis is for, told by the keys and the names of its commands.
import type { RedisCommand } from "../../local/upstash-rest/redis-connection.ts";

export const uses = [
  "look-up",
  "fill",
  "Vary marker",
  "look before a freshening",
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
  "unknown",
] as const;
export type Use = (typeof uses)[number];

type KeyKind = "record" | "lease" | "journal" | "probe" | "hot" | "other";

const keyKinds: Readonly<Record<string, KeyKind>> = {
  r: "record",
  lease: "lease",
  journal: "journal",
  probe: "probe",
  hot: "hot",
};
const recordWrites = ["HSET", "HSETEX", "SET"];

/** @param commands of one request: those of a transaction are for one thing */
export function useOf(commands: readonly Readonly<RedisCommand>[]): Use {
  const has = (name: string) => commands.some(([each]) => each === name);
  const kinds = new Set(commands.map(keyKindOf));
  if (kinds.has("lease")) return "lease";
  if (kinds.has("hot")) return "hot keys";
  if (kinds.has("journal")) return useOfJournal(has, kinds);
  if (kinds.has("record")) return useOfRecord(commands, has);
  return has("PING") ? "probe" : "unknown";
}

function useOfJournal(has: (name: string) => boolean, kinds: ReadonlySet<KeyKind>): Use {
  if (has("XADD")) return has("XREVRANGE") ? "journal mark" : "purge, written";
  if (!kinds.has("probe")) return has("XRANGE") || has("XREVRANGE") ? "journal read" : "unknown";
  return has("XREVRANGE") ? "journal read at the primary" : "purge, read back";
}

function useOfRecord(
  commands: readonly Readonly<RedisCommand>[],
  has: (name: string) => boolean,
): Use {
  const written = commands.find(([name]) => recordWrites.includes(name));
  if (written !== undefined) {
    const head = headIn(written);
    if (head?.kind === "vary") return "Vary marker";
    return head?.hasBody === true ? "fill" : "freshening";
  }
  if (has("DEL")) return "removal";
  if (has("HGET")) return "look before a freshening";
  return has("HMGET") ? "look-up" : "unknown";
}

function keyKindOf([name, ...given]: Readonly<RedisCommand>): KeyKind {
  const key = String(given[name === "EVAL" || name === "EVALSHA" ? 2 : 0] ?? "");
  return keyKinds[key.split(":")[1] ?? ""] ?? "other";
}

export interface WrittenRecord {
  readonly key: string;
  readonly kind: "response" | "vary";
  readonly hasBody: boolean;
  readonly tags: readonly string[];
}

/** @returns `undefined` for a command that writes no record in the form that the shared tier gives it */
export function headIn([, key, ...fields]: Readonly<RedisCommand>): WrittenRecord | undefined {
  const at = fields.indexOf("m");
  if (at < 0) return undefined;
  const { record } = JSON.parse(String(fields[at + 1])) as {
    record: { kind: "response" | "vary"; metadata?: { tags: string[] } };
  };
  return {
    key: String(key),
    kind: record.kind,
    hasBody: fields.includes("b"),
    tags: record.metadata?.tags ?? [],
  };
}
