// The journal over Redis: XADD, XRANGE, XREVRANGE, and transactions where the primary must answer.
import type { Redis } from "@upstash/redis/cloudflare";
import type { RedisClient } from "../redis/redis-client.ts";
import { decodeEntry, encodeEntry, type Entry, type EntryPlace, type NewEntry } from "./entry.ts";
import { type Journal, type JournalRead, newestCount, type Unavailable } from "./journal.ts";

/** An entry is at most 8 KiB, so a page stays within 1 MiB. */
const pageCount = 128;

const unavailable: Unavailable = { kind: "unavailable" };

export interface RedisJournalSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nowAtMs: () => number;
  /** A new random text; tells an entry from another that is given the same ID after a loss. */
  readonly randomText: () => string;
}

export class RedisJournal implements Journal {
  readonly #settings: RedisJournalSettings;
  readonly #key: string;

  constructor(settings: RedisJournalSettings) {
    this.#settings = settings;
    this.#key = `${settings.namespace}:journal`;
  }

  async newest(): Promise<JournalRead | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    const entries: Entry[] = [];
    for (;;) {
      const joint = entries.pop();
      const from = joint?.position ?? "+";
      const page = await this.#settings.redis.attempt<unknown>((redis) =>
        redis.xrevrange(this.#key, from, "-", pageCount),
      );
      if (page.kind === "unavailable") return unavailable;
      const read = entriesOf(page.value);
      // Each page begins with the last entry of the one before. A replica that lags further than
      // the one asked before it does not have that entry, nor what lies between: no gap is taken.
      if (joint !== undefined && !isSame(read[0], joint)) {
        entries.push(joint);
        break;
      }
      entries.push(...read);
      if (read.length < pageCount || entries.length >= newestCount) break;
    }
    return { kind: "read", entries: entries.toReversed(), sentAtMs };
  }

  async since(place: EntryPlace): Promise<JournalRead | { kind: "not-joined" } | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    const entries: Entry[] = [];
    let end = place;
    for (;;) {
      const from = end.position;
      const page = await this.#settings.redis.attempt<unknown>((redis) =>
        redis.xrange(this.#key, from, "+", pageCount),
      );
      if (page.kind === "unavailable") return unavailable;
      const [joint, ...read] = entriesOf(page.value);
      if (!isSame(joint, end)) return { kind: "not-joined" };
      entries.push(...read);
      if (read.length + 1 < pageCount) return { kind: "read", entries, sentAtMs };
      end = entries.at(-1) ?? end;
    }
  }

  /**
   * For whoever reads along: what follows a position, oldest first, perhaps from a replica that
   * lags.
   */
  async after(position: string, count: number): Promise<readonly Entry[] | Unavailable> {
    const page = await this.#settings.redis.attempt<unknown>((redis) =>
      redis.xrange(this.#key, `(${position}`, "+", count),
    );
    return page.kind === "unavailable" ? unavailable : entriesOf(page.value);
  }

  async atPrimary(
    position: string,
  ): Promise<(JournalRead & { upTo: Entry | undefined }) | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    // One entry backwards from the position tells all three cases apart: the entry itself, an
    // older one before which it was lost, or none, since everything up to there was trimmed.
    const replies = await this.#settings.redis.attempt<unknown[]>((redis) =>
      this.#transaction(redis)
        .xrevrange(this.#key, position, "-", 1)
        .xrevrange(this.#key, "+", "-", newestCount)
        .exec(),
    );
    if (replies.kind === "unavailable") return unavailable;
    const [, upTo, newest] = replies.value;
    const entries = entriesOf(newest).toReversed();
    return { kind: "read", entries, sentAtMs, upTo: entriesOf(upTo)[0] };
  }

  async standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; areStanding: readonly boolean[] } | Unavailable> {
    const replies = await this.#settings.redis.attempt<unknown[]>((redis) => {
      const transaction = this.#transaction(redis);
      for (const { position } of places) transaction.xrange(this.#key, position, position);
      return transaction.exec();
    });
    if (replies.kind === "unavailable") return unavailable;
    const [, ...found] = replies.value;
    const areStanding = places.map((place, at) => isSame(entriesOf(found[at])[0], place));
    return { kind: "read", areStanding };
  }

  /** Upstash sends a transaction with a write in it to the primary, whole. */
  #transaction(redis: Redis) {
    return redis.multi().set(`${this.#settings.namespace}:probe`, "1", { px: 1_000 });
  }

  async appendMark(lost: string): Promise<JournalRead | Unavailable> {
    const sentAtMs = this.#settings.nowAtMs();
    const mark: NewEntry = {
      n: this.#settings.randomText(),
      mode: "hard",
      targets: { tags: ["everything"], prefixes: [] },
      id: "",
      bodyDigest: "",
      reason: "a loss of the journal",
      by: "tidemark",
      lost,
    };
    const replies = await this.#settings.redis.attempt<unknown[]>((redis) =>
      redis
        .multi()
        .xadd(this.#key, "*", encodeEntry(mark))
        .xrevrange(this.#key, "+", "-", newestCount)
        .exec(),
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
    const answered = replies.kind === "answered" ? replies.value : [];
    const positions = answered.filter((reply) => typeof reply === "string");
    return positions.length === entries.length ? { kind: "appended", positions } : unavailable;
  }
}

function isSame(entry: Entry | undefined, place: EntryPlace): boolean {
  return entry?.position === place.position && entry.n === place.n;
}

function trimBefore(threshold: string) {
  return { trim: { type: "MINID", comparison: "~", threshold } } as const;
}

/** A stream's reply is `[[id, [name, value, …]], …]`. */
function entriesOf(reply: unknown): Entry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((item: unknown) => {
    if (!Array.isArray(item)) return [];
    const [position, fields] = item as unknown[];
    if (typeof position !== "string" || !Array.isArray(fields)) return [];
    return [decodeEntry(position, fields.map(String))];
  });
}
