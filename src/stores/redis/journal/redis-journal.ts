// The journal as a Redis stream. Reads at the primary are sent in a transaction with a write.
import type { Redis } from "@upstash/redis/cloudflare";
import type { CallPurpose } from "../../../remote/purpose.ts";
import {
  entriesOf,
  type Entry,
  type EntryPlace,
  isSamePlace,
  type NewEntry,
} from "../../../purge/journal/entry.ts";
import { extentOf, trimmedFrom } from "./journal-extent.ts";
import { bookScript, journalKeys } from "./journal-scripts.ts";
import { bytesOf, lengthened, newestScript, type Page } from "./journal-pages.ts";
import {
  chainBytesMax,
  chainEntriesMax,
  type Journal,
  keptCount,
  pageCount,
  type PlaceState,
  type Unavailable,
} from "../../../purge/journal/journal.ts";
import { type AppendSettings, RedisAppends } from "./redis-appends.ts";
import { answersIn, bookArgs, notedArgs } from "./redis-book.ts";
import { SealedJournal } from "./sealed-journal.ts";
import { unavailableFor } from "../../../remote/trouble.ts";

const unavailable: Unavailable = { kind: "unavailable" };

export interface RedisJournalSettings extends AppendSettings {
  /**
   * The minimum number of entries that trimming leaves. Default: `keptCount` of the journal's port.
   */
  readonly keptCount?: number;
}

export class RedisJournal implements Journal {
  readonly #settings: RedisJournalSettings;
  readonly #key: string;
  readonly #bookKeys: readonly [string, string, string];
  readonly #switchKey: string;
  readonly #appends: RedisAppends;
  readonly #sealed: SealedJournal;

  constructor(settings: RedisJournalSettings) {
    this.#settings = settings;
    this.#sealed = new SealedJournal(settings);
    this.#appends = new RedisAppends(settings, this.#keptCount);
    const [key, book, older, switchKey] = journalKeys(settings.namespace);
    this.#key = key;
    this.#bookKeys = [key, book, older];
    this.#switchKey = switchKey;
  }

  async newest(): ReturnType<Journal["newest"]> {
    const sentAtMs = this.#settings.nowAtMs();
    const pageFrom = (from: string) => this.#pageBack(from);
    const first = await this.#settings.redis.attempt<unknown[]>("journal read", (redis) =>
      redis.evalRo(newestScript, [this.#key, this.#switchKey], [String(pageCount)]),
    );
    if (first.kind === "unavailable") return unavailable;
    const [page, switchText] = first.value;
    const entries = await lengthened(this.#sealed.entriesIn(page), pageFrom);
    return { kind: "read", entries, sentAtMs, switched: this.#sealed.stateIn(switchText) };
  }

  async #pageBack(from: string): Promise<Page> {
    const page = await this.#settings.redis.attempt<unknown>("journal read", (redis) =>
      redis.xrevrange(this.#key, from, "-", pageCount),
    );
    return page.kind === "answered" ? this.#sealed.entriesIn(page.value) : undefined;
  }

  async since(place: EntryPlace): ReturnType<Journal["since"]> {
    const sentAtMs = this.#settings.nowAtMs();
    const entries: Entry[] = [];
    let readBytes = 0;
    let end = place;
    while (entries.length <= chainEntriesMax && readBytes <= chainBytesMax) {
      const from = end.position;
      const page = await this.#settings.redis.attempt<unknown>("journal read", (redis) =>
        redis.xrange(this.#key, from, "+", pageCount),
      );
      if (page.kind === "unavailable") return unavailable;
      const [joint, ...read] = this.#sealed.entriesIn(page.value);
      if (!isSamePlace(joint, end)) return { kind: "not-joined" };
      entries.push(...read);
      readBytes += bytesOf(read);
      if (read.length + 1 < pageCount) return { kind: "read", entries, sentAtMs };
      end = entries.at(-1) ?? end;
    }
    // There are more entries than a view holds. Starting again from the newest entries takes fewer
    // reads.
    return { kind: "not-joined" };
  }

  after(position: string, count: number): ReturnType<Journal["after"]> {
    return this.#shown((redis) => redis.xrange(this.#key, `(${position}`, "+", count));
  }

  newestFirst(count: number): ReturnType<Journal["newestFirst"]> {
    return this.#shown((redis) => redis.xrevrange(this.#key, "+", "-", count));
  }

  async #shown(ask: (redis: Redis) => Promise<unknown>): Promise<readonly Entry[] | Unavailable> {
    const page = await this.#settings.redis.attempt("journal read", ask);
    return page.kind === "unavailable"
      ? unavailableFor(page.cause, this.#settings.redis.health)
      : this.#sealed.entriesIn(page.value);
  }

  /**
   * Reads both ends of the possible gap in one transaction, at one moment. Older pages can be read
   * later, because the entries before a given entry never change.
   */
  async atPrimary(place: EntryPlace): ReturnType<Journal["atPrimary"]> {
    const sentAtMs = this.#settings.nowAtMs();
    const { position } = place;
    // The newest entry up to the position distinguishes the cases. If it is the view's last entry,
    // nothing was lost. If it is another entry, the last entry was lost. If there is none, the last
    // entry was trimmed or lost.
    const replies = await this.#askPrimary("journal read at the primary", (transaction) =>
      transaction
        .xrevrange(this.#key, position, "-", 1)
        .xrevrange(this.#key, "+", "-", pageCount)
        .xlen(this.#key)
        .get(this.#switchKey)
        .eval(bookScript, [...this.#bookKeys], notedArgs([place])),
    );
    if (replies === undefined) return unavailable;
    const [found, newest, count, switchText, noted] = replies;
    const [upTo] = this.#sealed.entriesIn(found);
    const isFull = upTo === undefined && Number(count) >= this.#keptCount;
    const isTrimmed = isFull && answersIn(noted, 1).every(Boolean);
    const pageFrom = async (from: string): Promise<Page> => {
      const page = await this.#askPrimary("journal read at the primary", (pipeline) =>
        pipeline.xrevrange(this.#key, from, "-", pageCount),
      );
      return page && this.#sealed.entriesIn(page[0]);
    };
    const entries = await lengthened(this.#sealed.entriesIn(newest), pageFrom, position);
    return {
      kind: "read",
      entries,
      sentAtMs,
      upTo,
      isTrimmed,
      switched: this.#sealed.stateIn(switchText),
    };
  }

  async standing(places: readonly EntryPlace[]): ReturnType<Journal["standing"]> {
    const found = await this.#askPrimary("purge, read back", (transaction) => {
      for (const { position } of places) transaction.xrange(this.#key, position, position);
      return transaction;
    });
    if (found === undefined) return unavailable;
    const isStanding = (place: EntryPlace, at: number) =>
      isSamePlace(entriesOf(found[at])[0], place);
    if (places.every(isStanding)) return { kind: "read", states: places.map(() => "standing") };
    const replies = await this.#askPrimary("purge, read back", (transaction) =>
      transaction
        .xlen(this.#key)
        .xrange(this.#key, "-", "+", 1)
        .eval(bookScript, [...this.#bookKeys], notedArgs(places)),
    );
    if (replies === undefined) return unavailable;
    const isTrimmed = trimmedFrom(extentOf(replies), this.#keptCount);
    const areNoted = answersIn(replies[2], places.length);
    const states = places.map((place, at): PlaceState => {
      if (isStanding(place, at)) return "standing";
      return isTrimmed(place) && areNoted[at] === true ? "trimmed" : "gone";
    });
    return { kind: "read", states };
  }

  async extent(): ReturnType<Journal["extent"]> {
    const replies = await this.#settings.redis.attempt<unknown[]>("journal read", (redis) =>
      redis.pipeline().xlen(this.#key).xrange(this.#key, "-", "+", 1).exec(),
    );
    return replies.kind === "answered" ? extentOf(replies.value) : unavailable;
  }

  /** Reads at the primary, because Upstash sends all of a transaction with a write there. */
  async #askPrimary(
    purpose: CallPurpose,
    ask: (transaction: Transaction) => { exec(): Promise<unknown[]> },
  ) {
    const probe = `${this.#settings.namespace}:probe`;
    const replies = await this.#settings.redis.attempt(
      purpose,
      (redis) => ask(beginning(redis, probe)).exec(),
      "writes",
    );
    return replies.kind === "answered" ? replies.value.slice(1) : undefined;
  }

  appendMark(lost: string): ReturnType<Journal["appendMark"]> {
    return this.#appends.appendMark(lost);
  }

  append(entries: readonly NewEntry[]): ReturnType<Journal["append"]> {
    return this.#appends.append(entries);
  }

  appendAndRead(place: EntryPlace, entry: NewEntry): ReturnType<Journal["appendAndRead"]> {
    return this.#appends.appendAndRead(place, entry);
  }

  sinceOnPrimary(place: EntryPlace): ReturnType<Journal["sinceOnPrimary"]> {
    return this.#appends.sinceOnPrimary(place);
  }

  async unpurged(
    end: EntryPlace,
    records: Parameters<Journal["unpurged"]>[1],
  ): ReturnType<Journal["unpurged"]> {
    const reply = await this.#settings.redis.attempt<unknown>("journal read", (redis) =>
      redis.evalRo(bookScript, [...this.#bookKeys], bookArgs(end, records)),
    );
    if (reply.kind === "unavailable") return unavailable;
    return { kind: "read", answers: answersIn(reply.value, records.length) };
  }

  get #keptCount(): number {
    return this.#settings.keptCount ?? keptCount;
  }
}

type Transaction = ReturnType<typeof beginning>;

const beginning = (redis: Redis, probe: string) => redis.multi().set(probe, "1", { px: 1_000 });
