// Appends entries to the journal with one script for all calls of a turn, which reads the entries since the
// oldest of their stamps once.
import { listIn } from "../../../base/json-text.ts";
import {
  comparePositions,
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
import type { SealedJournal } from "./sealed-journal.ts";
import { noRecordArgs, recordArgs } from "./record-scripts.ts";

export interface JoinedAppendsSettings extends AppendSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly sealed: SealedJournal;
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
 * which those since the call's stamp begin and end, as in `AppendWithRead`.
 */
export interface AppendResult {
  readonly places: readonly EntryId[];
  readonly read:
    | { readonly all: readonly Entry[]; readonly from: number; readonly upTo: number }
    | undefined;
  readonly stored: unknown;
}

/**
 * The calls of one script, which the database runs without a pause. The bytes, in characters, are far below the
 * limits of databases on a command.
 */
const [togetherMax, bytesMax] = [128, 262_144];

/** Refusals for which one of several calls may be the reason. */
const ofOneCall: readonly RemoteCause[] = ["too-large", "refused"];

const notRedis = { kind: "unavailable", cause: "not-upstash" } as const;

export class JoinedAppends {
  readonly #settings: JoinedAppendsSettings;
  readonly #calls = new JoinedCalls<JoinedAppends, Append, RemoteAnswer<AppendResult>>(
    (_, appends) => this.#sentTogether(appends),
    { countMax: togetherMax, bytesMax, bytesOf },
  );

  constructor(settings: JoinedAppendsSettings) {
    this.#settings = settings;
  }

  /** Appends all entries or none, and reads the entries from a stamp on. Never rejects. */
  append(
    since: EntryId | undefined,
    entries: readonly NewEntry[],
    write?: WriteWithPurge,
  ): Promise<RemoteAnswer<AppendResult>> {
    const { sealed } = this.#settings;
    const encoded = entries.map((one) => entryArg(sealed.encoded(one), one));
    return this.#calls.joinOne(this, { since, entries, encoded, write });
  }

  /** Sends calls in one script. After a refusal that may concern one of them, sends each alone. */
  async #sentTogether(appends: readonly Append[]): Promise<readonly RemoteAnswer<AppendResult>[]> {
    const answer = await this.#sent(appends);
    if (answer.kind === "answered") return appendedIn(answer.value, appends, this.#settings.sealed);
    if (appends.length === 1 || !ofOneCall.includes(answer.cause)) return appends.map(() => answer);
    const alone = await Promise.all(appends.map((append) => this.#sentTogether([append])));
    return alone.flat();
  }

  #sent(appends: readonly Append[]): Promise<RemoteAnswer<readonly unknown[]>> {
    const { redis, namespace } = this.#settings;
    const stamps = new Set(appends.flatMap(({ since }) => since?.position ?? []));
    const [oldest = ""] = [...stamps].toSorted(comparePositions);
    const keys: string[] = [...journalKeys(namespace)];
    const entries: string[] = [];
    let count = 0;
    for (const { since, encoded, write } of appends) {
      for (const [at, arg] of encoded.entries()) {
        count += 1;
        const hasRecord = at === 0 && since !== undefined && write !== undefined;
        entries.push(arg, ...(hasRecord ? recordArgs(write, since) : noRecordArgs));
        if (hasRecord) keys.push(write.key);
      }
    }
    const args = [...appendArgs(this.#settings), oldest, pageCount, count, ...entries];
    const script = scriptCommand(appendScript, keys, args);
    return redis.insist("purge, written", (client) => client.exec(script));
  }
}

function bytesOf({ encoded, write }: Append): number {
  const args = [...encoded, ...(write?.around ?? [])];
  return args.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Divides a reply among its calls. A call gets no entries if the page lacks its stamp, or has no room for a
 * further entry: it may then be cut off.
 */
function appendedIn(
  [reply, pageReply]: readonly unknown[],
  appends: readonly Append[],
  sealed: SealedJournal,
): readonly RemoteAnswer<AppendResult>[] {
  const replies = listIn(reply);
  const page = sealed.entriesIn(pageReply);
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
    const from = since === undefined ? 0 : 1 + page.findLastIndex((one) => isSameEntry(one, since));
    const read = isWhole && from > 0 ? { all, from, upTo: all.length } : undefined;
    return { kind: "answered", value: { places, read, stored } };
  });
}
