// The journal over Redis: XADD, XRANGE, XREVRANGE, and transactions where the primary must answer.
import type { Redis } from "@upstash/redis/cloudflare";
import type { RedisCause, RedisClient } from "../redis/redis-client.ts";
import {
  encodeEntry,
  entriesOf,
  type Entry,
  type EntryPlace,
  heldBytes,
  isSamePlace,
  type NewEntry,
} from "./entry.ts";
import {
  chainBytesMax,
  chainEntriesMax,
  type Journal,
  type JournalRead,
  newestCount,
  type OlderEntries,
  type Unavailable,
} from "./journal.ts";

/** An entry is at most 8 KiB, so a page, which is the most that one read brings, is within 1 MiB. */
const pageCount = 128;

/** Newest first, as XREVRANGE gives it. */
type Page = readonly Entry[] | undefined;

const unavailable: Unavailable = { kind: "unavailable" };

export interface RedisJournalSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nowAtMs: () => number;
  /** A new random text; tells an entry from another that is given the same ID after a loss. */
  readonly randomText: () => string;
}

export class RedisJournal implements Journal, OlderEntries {
  readonly #settings: RedisJournalSettings;
  readonly #key: string;

  constructor(settings: RedisJournalSettings) {
    this.#settings = settings;
    this.#key = `${settings.namespace}:journal`;
  }

  async newest(): Promise<JournalRead | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    const pageFrom = (from: string) => this.#pageBack(from);
    const first = await pageFrom("+");
    if (first === undefined) return unavailable;
    return { kind: "read", entries: await lengthened(first, pageFrom), sentAtMs };
  }

  async before(
    place: EntryPlace,
  ): Promise<{ kind: "read"; entries: readonly Entry[] } | { kind: "not-joined" } | Unavailable> {
    const page = await this.#pageBack(place.position);
    if (page === undefined) return unavailable;
    const [joint, ...older] = page;
    if (!isSamePlace(joint, place)) return { kind: "not-joined" };
    return { kind: "read", entries: older.toReversed() };
  }

  async #pageBack(from: string): Promise<Page> {
    const page = await this.#settings.redis.attempt<unknown>((redis) =>
      redis.xrevrange(this.#key, from, "-", pageCount),
    );
    return page.kind === "answered" ? entriesOf(page.value) : undefined;
  }

  async since(place: EntryPlace): Promise<JournalRead | { kind: "not-joined" } | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    const entries: Entry[] = [];
    let readBytes = 0;
    let end = place;
    while (entries.length <= chainEntriesMax && readBytes <= chainBytesMax) {
      const from = end.position;
      const page = await this.#settings.redis.attempt<unknown>((redis) =>
        redis.xrange(this.#key, from, "+", pageCount),
      );
      if (page.kind === "unavailable") return unavailable;
      const [joint, ...read] = entriesOf(page.value);
      if (!isSamePlace(joint, end)) return { kind: "not-joined" };
      entries.push(...read);
      readBytes += bytesOf(read);
      if (read.length + 1 < pageCount) return { kind: "read", entries, sentAtMs };
      end = entries.at(-1) ?? end;
    }
    // A view cannot hold all of it: what is newest at the primary is as much, and fewer pages.
    return { kind: "not-joined" };
  }

  /**
   * For whoever reads along: what follows a position, oldest first, perhaps from a replica that
   * lags.
   */
  async after(position: string, count: number): Promise<readonly Entry[] | Unavailable> {
    const page = await this.#settings.redis.attempt<unknown>((redis) =>
      redis.xrange(this.#key, `(${position}`, "+", count),
    );
    return page.kind === "unavailable" ? this.#unavailableFor(page.cause) : entriesOf(page.value);
  }

  /**
   * What has to be of one moment is one transaction: what stands at or before the position, and the
   * end of the journal. Older pages are needed only where the position is not among the newest; they
   * join it, so they are what stood before it whenever they are read.
   */
  async atPrimary(
    position: string,
  ): Promise<(JournalRead & { upTo: Entry | undefined }) | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    // One entry backwards from the position tells all three cases apart: the entry itself, an
    // older one before which it was lost, or none, since everything up to there was trimmed.
    const replies = await this.#settings.redis.attempt<unknown[]>(
      (redis) =>
        this.#transaction(redis)
          .xrevrange(this.#key, position, "-", 1)
          .xrevrange(this.#key, "+", "-", pageCount)
          .exec(),
      "writes",
    );
    if (replies.kind === "unavailable") return unavailable;
    const [, upTo, newest] = replies.value;
    const pageFrom = (from: string) => this.#pageBackAtPrimary(from);
    const entries = await lengthened(entriesOf(newest), pageFrom, position);
    return { kind: "read", entries, sentAtMs, upTo: entriesOf(upTo)[0] };
  }

  async #pageBackAtPrimary(from: string): Promise<Page> {
    const replies = await this.#settings.redis.attempt<unknown[]>(
      (redis) => this.#transaction(redis).xrevrange(this.#key, from, "-", pageCount).exec(),
      "writes",
    );
    return replies.kind === "answered" ? entriesOf(replies.value[1]) : undefined;
  }

  async standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; areStanding: readonly boolean[] } | Unavailable> {
    const replies = await this.#settings.redis.attempt<unknown[]>((redis) => {
      const transaction = this.#transaction(redis);
      for (const { position } of places) transaction.xrange(this.#key, position, position);
      return transaction.exec();
    }, "writes");
    if (replies.kind === "unavailable") return unavailable;
    const [, ...found] = replies.value;
    const areStanding = places.map((place, at) => isSamePlace(entriesOf(found[at])[0], place));
    return { kind: "read", areStanding };
  }

  /** Upstash sends a transaction with a write in it to the primary, whole. */
  #transaction(redis: Redis) {
    return redis.multi().set(`${this.#settings.namespace}:probe`, "1", { px: 1_000 });
  }

  /** A page is enough here: whatever is older than the mark, known or not, is covered by it. */
  async appendMark(lost: string): Promise<JournalRead | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    const mark: NewEntry = {
      n: this.#settings.randomText(),
      mode: "hard",
      targets: { tags: ["everything"], prefixes: [] },
      id: "",
      bodyDigest: "",
      reason: lost === "" ? "the journal was empty" : "the journal has lost entries",
      by: "tidemark",
      lost,
    };
    const replies = await this.#settings.redis.attempt<unknown[]>(
      (redis) =>
        redis
          .multi()
          .xadd(this.#key, "*", encodeEntry(mark))
          .xrevrange(this.#key, "+", "-", pageCount)
          .exec(),
      "writes",
    );
    if (replies.kind === "unavailable") return unavailable;
    return { kind: "read", entries: entriesOf(replies.value[1]).toReversed(), sentAtMs };
  }

  async append(
    entries: readonly NewEntry[],
    keepFrom: string | undefined,
  ): Promise<{ kind: "appended"; positions: readonly string[] } | Unavailable> {
    const trim = keepFrom === undefined ? undefined : trimBefore(keepFrom);
    const [only, ...more] = entries;
    if (only === undefined) return { kind: "appended", positions: [] };
    const replies = await this.#settings.redis.insist<unknown[]>(async (redis) => {
      if (more.length === 0) return [await redis.xadd(this.#key, "*", encodeEntry(only), trim)];
      const transaction = redis.multi();
      for (const entry of entries) transaction.xadd(this.#key, "*", encodeEntry(entry), trim);
      return transaction.exec();
    });
    if (replies.kind === "unavailable") return this.#unavailableFor(replies.cause);
    const positions = replies.value.filter((reply) => typeof reply === "string");
    if (positions.length === entries.length) return { kind: "appended", positions };
    return this.#unavailableFor("not-upstash");
  }

  /** What was not sent failed for what others met before it. */
  #unavailableFor(cause: RedisCause): Unavailable {
    const { redis } = this.#settings;
    if (cause !== "shut-off" && cause !== "writes-refused")
      return { ...unavailable, trouble: cause };
    const before = [redis.trouble, redis.troubleWithWrites].find((last) => last?.isOver === false);
    return { ...unavailable, trouble: before?.kind };
  }
}

/**
 * Pages back from the newest entries until a cold view has enough. Each page begins with the last
 * entry of the one before. A replica that lags further than the one asked before it does not have
 * that entry, nor what lies between: no gap is taken.
 *
 * @param first  newest first
 * @param wanted a position that is far enough, too
 * @returns oldest first
 */
async function lengthened(
  first: readonly Entry[],
  pageFrom: (from: string) => Promise<Page>,
  wanted?: string,
): Promise<readonly Entry[]> {
  const entries = [...first];
  let read = first;
  let readBytes = bytesOf(first);
  const isEnough = () =>
    read.length < pageCount ||
    entries.length >= newestCount ||
    readBytes >= chainBytesMax ||
    read.some(({ position }) => position === wanted);
  while (!isEnough()) {
    const joint = entries.at(-1);
    read = (joint && (await pageFrom(joint.position))) ?? [];
    if (joint === undefined || !isSamePlace(read[0], joint)) break;
    entries.push(...read.slice(1));
    readBytes += bytesOf(read);
  }
  return entries.toReversed();
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, entry) => bytes + heldBytes(entry), 0);
}

function trimBefore(threshold: string) {
  return { trim: { type: "MINID", comparison: "~", threshold } } as const;
}
