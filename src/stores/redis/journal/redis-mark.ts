// Appends marks, which cover everything after a loss or at the start of a journal, and reads the
// newest entries in the same step. `JournalFollower` requests a mark once the primary has confirmed
// the loss or the empty journal.
import type { RedisClient } from "../../../redis/redis-client.ts";
import { encodeEntry, entriesOf, type NewEntry } from "../../../purge/journal/entry.ts";
import { type JournalRead, pageCount, type Unavailable } from "../../../purge/journal/journal.ts";
import { stateInKey } from "./switch-key.ts";

/**
 * Marks an empty journal (rule 18). Several isolates may find it empty, but only one may mark it. A second
 * mark would purge what others have loaded since the first. KEYS: journal, switch. ARGV: number of entries
 * to read, fields.
 */
export const firstMarkScript = `
if redis.call("XLEN", KEYS[1]) == 0 then redis.call("XADD", KEYS[1], "*", unpack(ARGV, 2)) end
return {
  redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", ARGV[1]),
  redis.call("GET", KEYS[2])
}`;

interface MarkPlace {
  readonly redis: RedisClient;
  readonly keys: readonly [journal: string, switched: string];
  readonly trim: { readonly trim: { type: "MAXLEN"; comparison: "~"; threshold: number } };
  readonly nowAtMs: () => number;
}

/**
 * Appends the mark, and reads the newest page. A single page is enough, because the mark covers
 * everything older.
 */
export async function appendMarkTo(
  place: MarkPlace,
  mark: NewEntry,
): Promise<JournalRead | Unavailable> {
  const sentAtMs = place.nowAtMs();
  const append = mark.lost === "" ? markedFirst : marked;
  const replies = await place.redis.attempt<unknown[]>(
    "journal mark",
    (redis) => append(redis, place, encodeEntry(mark)),
    "writes",
  );
  if (replies.kind === "unavailable") return { kind: "unavailable" };
  const [page, switchText] = replies.value;
  const entries = entriesOf(page).toReversed();
  return { kind: "read", entries, sentAtMs, switched: stateInKey(switchText) };
}

type Sdk = Parameters<Parameters<RedisClient["attempt"]>[1]>[0];
type Fields = ReturnType<typeof encodeEntry>;

async function markedFirst(redis: Sdk, { keys }: MarkPlace, fields: Fields): Promise<unknown[]> {
  const given = [String(pageCount), ...Object.entries(fields).flat()];
  return redis.eval<string[], unknown[]>(firstMarkScript, [...keys], given);
}

async function marked(redis: Sdk, { keys, trim }: MarkPlace, fields: Fields): Promise<unknown[]> {
  const [journal, switched] = keys;
  const adding = redis.multi().xadd(journal, "*", fields, trim);
  const [, ...read] = await adding
    .xrevrange(journal, "+", "-", pageCount)
    .get(switched)
    .exec<unknown[]>();
  return read;
}
