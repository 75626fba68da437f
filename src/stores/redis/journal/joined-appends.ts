// Appends entries to the journal with one script for all calls of a turn, which reads the entries since the
// oldest of their stamps once.
import { listIn } from "../../../base/json-text.ts";
import {
  comparePositions,
  entriesOf,
  type Entry,
  type EntryId,
  isSameEntry,
  type NewEntry,
} from "../../../purge/journal/entry.ts";
import { pageCount } from "../../../purge/journal/journal.ts";
import type { WriteWithPurge } from "../../../cache/record/record.ts";
import { JoinedCalls } from "../../../remote/joined-calls.ts";
import { scriptCommand } from "../../../remote/redis/redis.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";
import type { RemoteAnswer } from "../../../remote/remote-client.ts";
import type { RemoteCause } from "../../../remote/trouble.ts";
import {
  appendArgs,
  appendScript,
  type AppendSettings,
  entryArg,
  journalKeys,
  placesIn,
} from "./journal-scripts.ts";
import { noRecordArgs, recordArgs } from "./record-scripts.ts";

export interface JoinedAppendsSettings extends AppendSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
}

/** The entries of one call, and the stamp since which it reads; `undefined` to read nothing. */
interface Append {
  readonly since: EntryId | undefined;
  readonly entries: readonly NewEntry[];
  /** The `entryArg` of each entry. */
  readonly encoded: readonly string[];
  /** The record of the first entry. */
  readonly write: WriteWithPurge | undefined;
}

/**
 * The places of a call's entries; none if the record lacks older tags. `read`: the page and all entries of the script, in
 * which those since the call's stamp begin, unless the page lacks it, and end, as in `AppendWithRead`.
 */
export interface AppendResult {
  readonly places: readonly EntryId[];
  readonly read:
    | { readonly all: readonly Entry[]; readonly from: number | undefined; readonly upTo: number }
    | undefined;
  readonly stored: unknown;
}

/** The calls of one script, which the database runs without a pause. */
const togetherMax = 128;

/**
 * The characters of one script, far below the limits of databases on a command. Over a connection, scripts are short:
 * the isolate makes the next ones while the database runs one, and their order is certain.
 */
const [bytesMax, bytesMaxInOrder] = [262_144, 32_768];

/** Refusals for which one of several calls may be the reason. */
const ofOneCall: readonly RemoteCause[] = ["too-large", "refused"];

const notRedis = { kind: "unavailable", cause: "not-upstash" } as const;

export class JoinedAppends {
  readonly #settings: JoinedAppendsSettings;
  readonly #calls: JoinedCalls<JoinedAppends, Append, RemoteAnswer<AppendResult>>;

  /** The `n`s between which the scripts under way append, unless other isolates do, by the first. */
  readonly #underWay = new Map<string, string>();

  constructor(settings: JoinedAppendsSettings) {
    this.#settings = settings;
    const send = (_: JoinedAppends, appends: readonly Append[]) => this.#sentTogether(appends);
    const limits = { bytesMax: settings.redis.isOrdered ? bytesMaxInOrder : bytesMax, bytesOf };
    this.#calls = new JoinedCalls(send, { countMax: togetherMax, ...limits });
  }

  /** Appends all entries or none, and reads the entries from a stamp on. Never rejects. */
  append(
    since: EntryId | undefined,
    entries: readonly NewEntry[],
    write?: WriteWithPurge,
  ): Promise<RemoteAnswer<AppendResult>> {
    const encoded = entries.map(entryArg);
    return this.#calls.joinOne(this, { since, entries, encoded, write });
  }

  /** Sends calls in one script. After a refusal that may concern one of them, sends each alone. */
  async #sentTogether(appends: readonly Append[]): Promise<readonly RemoteAnswer<AppendResult>[]> {
    const answer = await this.#sent(appends);
    if (answer.kind === "answered") return appendedIn(answer.value, appends);
    if (appends.length === 1 || !ofOneCall.includes(answer.cause)) return appends.map(() => answer);
    const alone = await Promise.all(appends.map((append) => this.#sentTogether([append])));
    return alone.flat();
  }

  async #sent(appends: readonly Append[]): Promise<RemoteAnswer<readonly unknown[]>> {
    const { redis, namespace } = this.#settings;
    const stamps = new Set(appends.flatMap(({ since }) => since?.position ?? []));
    const [oldest = ""] = [...stamps].toSorted(comparePositions);
    const begin = this.#endBefore(appends);
    // Without a record, a page from the stamp on is worth more than the last entry alone.
    const expected = appends.some(({ write }) => write !== undefined) ? begin : "";
    const keys: string[] = [...journalKeys(namespace)];
    const entries: string[] = [];
    let count = 0;
    for (const { encoded, write } of appends) {
      for (const [at, arg] of encoded.entries()) {
        count += 1;
        const hasRecord = at === 0 && expected !== "" && write !== undefined;
        entries.push(arg, ...(hasRecord ? recordArgs(write) : noRecordArgs));
        if (hasRecord) keys.push(write.key);
      }
    }
    const args = [...appendArgs(this.#settings), oldest, pageCount, expected, count, ...entries];
    const script = scriptCommand(appendScript, keys, args);
    const texts = appends.flatMap((append) => append.entries.map(({ n }) => n));
    if (begin !== "") this.#underWay.set(begin, numberedAfter(begin, texts));
    const answer = await redis.insist("purge, written", (client) => client.exec<unknown[]>(script));
    this.#underWay.delete(begin);
    return answer;
  }

  /**
   * Returns the `n` of the journal's last entry after the scripts under way that follow the calls' stamps, unless other
   * isolates append. It is empty if the calls have none, or if these lead to different ones.
   */
  #endBefore(appends: readonly Append[]): string {
    const ends = appends.map(({ since }) => {
      let end = since?.n ?? "";
      for (let next = this.#underWay.get(end); next; next = this.#underWay.get(end)) end = next;
      return end;
    });
    const [first = ""] = ends;
    return ends.every((end) => end === first) ? first : "";
  }
}

/**
 * Returns the `n` of the last of some entries: its random text, its number, and its lineage (rule 27).
 *
 * @param before the `n` of the entry before them
 * @param texts their random texts, in ASCII
 */
export function numberedAfter(before: string, texts: readonly string[]): string {
  const [, number = "0", ofBefore = "0"] = /\.(\d+)\.(\d+)$/.exec(before) ?? [];
  let line = Number(ofBefore);
  for (const text of texts) {
    for (let at = 0; at < text.length; at += 1)
      line = (line * 31 + text.charCodeAt(at)) % 2_147_483_647;
  }
  return [texts.at(-1), Number(number) + texts.length, line].join(".");
}

function bytesOf({ encoded, write }: Append): number {
  const args = [...encoded, ...(write?.around ?? [])];
  return args.reduce((sum, { length }) => sum + length, 0);
}

/** Divides a reply among its calls. They get no entries if the page has no room for a further one: it may be cut off. */
function appendedIn(
  [reply, pageReply]: readonly unknown[],
  appends: readonly Append[],
): readonly RemoteAnswer<AppendResult>[] {
  const replies = listIn(reply);
  const page = entriesOf(pageReply);
  const isWhole = page.length + 1 < pageCount;
  const all = [...page];
  let repliesAt = 0;
  return appends.map(({ since, entries }) => {
    const own = replies.slice(repliesAt, (repliesAt += entries.length));
    const places = placesIn(own);
    const [kind, , stored] = listIn(own[0]);
    if (kind === "older-tags")
      return { kind: "answered", value: { places, read: undefined, stored } };
    if (places.length < entries.length) return notRedis;
    all.push(...entries.map((entry, at) => ({ ...entry, ...places[at]! })));
    const at = since && page.findLastIndex((one) => isSameEntry(one, since));
    const from = at === undefined || at < 0 ? undefined : at + 1;
    const read = isWhole && page.length > 0 ? { all, from, upTo: all.length } : undefined;
    return { kind: "answered", value: { places, read, stored } };
  });
}
