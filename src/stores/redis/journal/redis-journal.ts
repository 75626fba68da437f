// The journal as a Redis stream. Reads at the primary are in a script or a transaction with a write.
import { jsonIn, listIn } from "../../../base/json-text.ts";
import { unavailableFor } from "../../../remote/store-health.ts";
import { type Command, type Redis, scriptCommand } from "../../../remote/redis/redis.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";
import {
  entriesOf,
  type Entry,
  type EntryId,
  isSameEntry,
  markOf,
  type NewEntry,
  releasesIn,
} from "../../../purge/journal/entry.ts";
import {
  appendArgs,
  appendScript,
  type AppendSettings,
  entryArg,
  epochFields,
  epochsIn,
  journalKeys,
  markScript,
  proofsIn,
} from "./journal-scripts.ts";
import type { EpochRange } from "../../../purge/journal/epoch.ts";
import { catchUpScript, checkScript, headIn, newestScript } from "./journal-pages.ts";
import {
  type Journal,
  type JournalExtent,
  keptCount,
  pageCount,
  type Unavailable,
} from "../../../purge/journal/journal.ts";
import { JoinedAppends } from "./joined-appends.ts";
import { standingScript, statesIn } from "./standing-script.ts";
import { stateInKey } from "./switch-key.ts";

const unavailable: Unavailable = { kind: "unavailable" };

export interface RedisJournalSettings extends AppendSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nowAtMs: () => number;
  /** Returns a random string, which distinguishes two entries that get the same ID after a loss. */
  readonly randomText: () => string;
}

export class RedisJournal implements Journal {
  readonly isOrdered: boolean;
  readonly #settings: RedisJournalSettings;
  readonly #key: string;
  readonly #lineagesKey: string;
  readonly #appends: JoinedAppends;

  constructor(settings: RedisJournalSettings) {
    this.#settings = settings;
    this.isOrdered = settings.redis.isOrdered;
    this.#appends = new JoinedAppends(settings);
    [this.#key, this.#lineagesKey] = journalKeys(settings.namespace);
  }

  async newest(): ReturnType<Journal["newest"]> {
    const sentAtMs = this.#settings.nowAtMs();
    const keys = journalKeys(this.#settings.namespace);
    const read = scriptCommand(newestScript, keys, [], "EVAL_RO");
    const reply = await this.#settings.redis.attempt("journal read", (redis) =>
      redis.exec<unknown[]>(read),
    );
    if (reply.kind === "unavailable") return unavailable;
    return { kind: "read", sentAtMs, ...beginningIn(reply.value) };
  }

  async since(place: EntryId): ReturnType<Journal["since"]> {
    const read = await this.#joined(place, this.#onFrom(place.position, pageCount));
    if (read.kind !== "read" || read.entries.length + 1 < pageCount) return read;
    return this.#joined(
      place,
      scriptCommand(catchUpScript, [this.#key], [place.position], "EVAL_RO"),
    );
  }

  async before(place: EntryId, count: number): ReturnType<NonNullable<Journal["before"]>> {
    const read = await this.#joined(place, this.#backFrom(place.position, count + 1));
    return read.kind === "read" ? { ...read, entries: read.entries.toReversed() } : read;
  }

  /** Reads the entries that follow an entry in a reply. */
  async #joined(place: EntryId, command: Command): ReturnType<Journal["since"]> {
    const sentAtMs = this.#settings.nowAtMs();
    const reply = await this.#settings.redis.attempt("journal read", (redis) =>
      redis.exec(command),
    );
    if (reply.kind === "unavailable") return unavailable;
    const [joint, ...entries] = entriesOf(reply.value);
    return isSameEntry(joint, place) ? { kind: "read", entries, sentAtMs } : { kind: "not-joined" };
  }

  after(position: string, count: number): ReturnType<Journal["after"]> {
    return this.#shown(this.#onFrom(`(${position}`, count));
  }

  newestFirst(count: number): ReturnType<Journal["newestFirst"]> {
    return this.#shown(this.#backFrom("+", count));
  }

  /** Reads entries from a position on, oldest first. */
  #onFrom(from: string, count: number): Command {
    return ["XRANGE", this.#key, from, "+", "COUNT", count];
  }

  /** Reads entries back from a position, newest first. */
  #backFrom(from: string, count: number): Command {
    return ["XREVRANGE", this.#key, from, "-", "COUNT", count];
  }

  async #shown(command: Command): Promise<readonly Entry[] | Unavailable> {
    const ask = (redis: Redis) => redis.exec(command);
    const page = await this.#settings.redis.attempt("journal read", ask);
    return page.kind === "unavailable"
      ? unavailableFor(page.cause, this.#settings.redis.health)
      : entriesOf(page.value);
  }

  /** Reads both ends of the possible gap in one transaction, at one moment. */
  async atPrimary(place: EntryId): ReturnType<Journal["atPrimary"]> {
    const sentAtMs = this.#settings.nowAtMs();
    // The newest entry up to the position distinguishes the cases. If it is the view's last entry,
    // nothing was lost. If it is another entry, the last entry was lost. If there is none, the last
    // entry was trimmed or lost.
    const reads: readonly Command[] = [
      // Upstash sends all of a transaction with a write to the primary.
      ["SET", this.#probeKey, 1, "PX", 1_000],
      this.#backFrom(place.position, 1),
      ["XLEN", this.#key],
      scriptCommand(checkScript, journalKeys(this.#settings.namespace), [place.n]),
    ];
    const ask = (redis: Redis) => redis.multi(reads);
    const replies = await this.#settings.redis.attempt(
      "journal read at the primary",
      ask,
      "writes",
    );
    if (replies.kind === "unavailable") return unavailable;
    const [, found, count, check] = replies.value;
    const [proof, ...beginning] = listIn(check);
    const [upTo] = entriesOf(found);
    const isFull = upTo === undefined && Number(count) >= this.#keptCount;
    const isLost = !isSameEntry(upTo, place) && !(isFull && proofsIn([proof], 1)[0] !== "never");
    return { kind: "read", sentAtMs, upTo, isLost, ...beginningIn(beginning) };
  }

  async standing(places: readonly EntryId[]): ReturnType<Journal["standing"]> {
    const args = places.flatMap(({ position, n }) => [position, n]);
    const keys = [this.#key, this.#lineagesKey, this.#probeKey];
    const ask = scriptCommand(standingScript, keys, args);
    const reply = await this.#settings.redis.attempt(
      "purge, read back",
      (redis) => redis.exec(ask),
      "writes",
    );
    if (reply.kind === "unavailable") return unavailable;
    return { kind: "read", states: statesIn(reply.value, places, this.#keptCount) };
  }

  async extent(): ReturnType<Journal["extent"]> {
    const replies = await this.#settings.redis.attempt("journal read", (redis) =>
      redis.pipeline([["XLEN", this.#key], this.#onFrom("-", 1)]),
    );
    return replies.kind === "answered" ? extentOf(replies.value) : unavailable;
  }

  /**
   * Appends a mark, and reads one page. One page is enough, because the mark covers everything
   * older.
   */
  async appendMark(lost: string): ReturnType<Journal["appendMark"]> {
    const { redis, nowAtMs, randomText } = this.#settings;
    const sentAtMs = nowAtMs();
    const given = [lost === "" ? "empty" : "any", String(pageCount)];
    const replies = await redis.attempt(
      "journal mark",
      (client) => this.#evaluated(client, markScript, given, [markOf(lost, randomText())]),
      "writes",
    );
    if (replies.kind === "unavailable") return { kind: "unavailable" };
    return { kind: "read", sentAtMs, ...beginningIn(replies.value) };
  }

  async append(entries: readonly NewEntry[]): ReturnType<Journal["append"]> {
    if (entries.length === 0) return { kind: "appended", places: [] };
    const answer = await this.#appends.append(undefined, entries);
    if (answer.kind === "answered") return { kind: "appended", places: answer.value.places };
    return unavailableFor(answer.cause, this.#settings.redis.health);
  }

  async appendAndRead(
    ...[place, entry, write]: Parameters<Journal["appendAndRead"]>
  ): ReturnType<Journal["appendAndRead"]> {
    const { redis, nowAtMs } = this.#settings;
    const sentAtMs = nowAtMs();
    const answer = await this.#appends.append(place, [entry], write);
    if (answer.kind === "unavailable") return unavailableFor(answer.cause, redis.health);
    const { places, read, stored } = answer.value;
    const [appended] = places;
    if (appended === undefined) return { kind: "older-tags" };
    return {
      kind: "appended",
      place: appended,
      sentAtMs,
      // Few callers read it.
      get since() {
        return read?.from === undefined ? undefined : read.all.slice(read.from, read.upTo);
      },
      read: read?.all,
      stored,
    };
  }

  /** Reads by the script that appends, because Upstash runs it on the primary. Appends nothing. */
  async sinceOnPrimary(place: EntryId): ReturnType<Journal["sinceOnPrimary"]> {
    const { redis, nowAtMs } = this.#settings;
    const sentAtMs = nowAtMs();
    const given = [place.position, String(pageCount), "", "0"];
    const replies = await redis.attempt(
      "journal read at the primary",
      (client) => this.#evaluated(client, appendScript, given, []),
      "writes",
    );
    if (replies.kind === "unavailable") return { kind: "unavailable" };
    const [first, ...entries] = entriesOf(replies.value[1]);
    if (!isSameEntry(first, place) || entries.length + 1 >= pageCount)
      return { kind: "not-joined" };
    return { kind: "read", entries, sentAtMs };
  }

  #evaluated(client: Redis, script: string, given: string[], entries: readonly NewEntry[]) {
    const args = [...appendArgs(this.#settings), ...given, ...entries.map((one) => entryArg(one))];
    const keys = journalKeys(this.#settings.namespace);
    return client.exec<unknown[]>(scriptCommand(script, keys, args));
  }

  async epochs({ first, last }: EpochRange): ReturnType<Journal["epochs"]> {
    const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    const read: Command = ["HMGET", this.#lineagesKey, ...numbers.flatMap(epochFields)];
    const reply = await this.#settings.redis.look("journal read", (redis) => redis.exec(read));
    if (reply.kind === "unavailable") return unavailable;
    return { kind: "read", epochs: epochsIn(reply.value, numbers.length) };
  }

  /** A key that reads write, so that no replica runs them. */
  get #probeKey(): string {
    return `${this.#settings.namespace}:probe`;
  }

  get #keptCount(): number {
    return this.#settings.keptCount ?? keptCount;
  }
}

/** Parses the newest page, what trimming never removes, and perhaps epochs. */
function beginningIn([page, switchText, releaseText, head]: readonly unknown[]) {
  return {
    entries: entriesOf(page).toReversed(),
    switched: stateInKey(switchText),
    released: releasesIn(entriesOf([jsonIn(String(releaseText))]))[0],
    head: headIn(head),
  };
}

/** Parses the replies of XLEN, and of XRANGE for the oldest entry. */
function extentOf([count, oldest]: readonly unknown[]): JournalExtent {
  return { count: Number(count), oldest: entriesOf(oldest)[0]?.position ?? null };
}
