// Appends entries and marks to the journal, by scripts that also note them in the journal's book.
import type { Redis } from "@upstash/redis/cloudflare";
import {
  type EntryPlace,
  isSamePlace,
  markOf,
  type NewEntry,
} from "../../../purge/journal/entry.ts";
import { type Journal, pageCount } from "../../../purge/journal/journal.ts";
import type { RedisClient } from "../../../redis/redis-client.ts";
import { appendedIn, placesIn } from "./appended-in.ts";
import {
  appendScript,
  bookFieldsMax,
  entryArgs,
  journalKeys,
  markScript,
} from "./journal-scripts.ts";
import { SealedJournal } from "./sealed-journal.ts";
import { unavailableFor } from "../../../remote/trouble.ts";

export interface AppendSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly nowAtMs: () => number;
  /** Returns a random string, which distinguishes two entries that get the same ID after a loss. */
  readonly randomText: () => string;
}

export class RedisAppends {
  readonly #settings: AppendSettings;
  readonly #keptCount: number;
  readonly #sealed: SealedJournal;

  /** @param keptCount the minimum number of entries that trimming leaves */
  constructor(settings: AppendSettings, keptCount: number) {
    this.#settings = settings;
    this.#sealed = new SealedJournal(settings);
    this.#keptCount = keptCount;
  }

  /**
   * Appends a mark, and reads one page. One page is enough, because the mark covers everything
   * older.
   */
  async appendMark(lost: string): ReturnType<Journal["appendMark"]> {
    const { redis, nowAtMs, randomText } = this.#settings;
    const sentAtMs = nowAtMs();
    const given = [lost === "" ? "empty" : "any", String(pageCount)];
    const replies = await redis.attempt<unknown[]>(
      "journal mark",
      (client) => this.#evaluated(client, markScript, given, [markOf(lost, randomText())]),
      "writes",
    );
    if (replies.kind === "unavailable") return { kind: "unavailable" };
    const [page, switchText] = replies.value;
    const entries = this.#sealed.entriesIn(page).toReversed();
    return { kind: "read", entries, sentAtMs, switched: this.#sealed.stateIn(switchText) };
  }

  async append(entries: readonly NewEntry[]): ReturnType<Journal["append"]> {
    if (entries.length === 0) return { kind: "appended", places: [] };
    const { redis } = this.#settings;
    const replies = await this.#appended("", entries);
    if (replies.kind === "unavailable") return unavailableFor(replies.cause, redis.health);
    const places = placesIn(replies.value[0]);
    if (places.length === entries.length) return { kind: "appended", places };
    return unavailableFor("not-upstash", redis.health);
  }

  async appendAndRead(place: EntryPlace, entry: NewEntry): ReturnType<Journal["appendAndRead"]> {
    const { redis, nowAtMs } = this.#settings;
    const sentAtMs = nowAtMs();
    const replies = await this.#appended(place.position, [entry]);
    if (replies.kind === "unavailable") return unavailableFor(replies.cause, redis.health);
    const [places, page] = replies.value;
    const [appended] = placesIn(places);
    if (appended === undefined) return unavailableFor("not-upstash", redis.health);
    return { sentAtMs, ...appendedIn(appended, this.#sealed.entriesIn(page), place) };
  }

  /** Reads by the script that appends, because Upstash runs it on the primary. Appends nothing. */
  async sinceOnPrimary(place: EntryPlace): ReturnType<Journal["sinceOnPrimary"]> {
    const { redis, nowAtMs } = this.#settings;
    const sentAtMs = nowAtMs();
    const given = [place.position, String(pageCount), "0"];
    const replies = await redis.attempt<unknown[]>(
      "journal read at the primary",
      (client) => this.#evaluated(client, appendScript, given, []),
      "writes",
    );
    if (replies.kind === "unavailable") return { kind: "unavailable" };
    const [first, ...entries] = this.#sealed.entriesIn(replies.value[1]);
    if (!isSamePlace(first, place) || entries.length + 1 >= pageCount)
      return { kind: "not-joined" };
    return { kind: "read", entries, sentAtMs };
  }

  /** Appends entries, and reads a page from a position on, unless the position is empty. */
  #appended(since: string, entries: readonly NewEntry[]) {
    const given = [since, String(pageCount), String(entries.length)];
    return this.#settings.redis.insist<unknown[]>("purge, written", (client) =>
      this.#evaluated(client, appendScript, given, entries),
    );
  }

  #evaluated(client: Redis, script: string, given: string[], entries: readonly NewEntry[]) {
    const bounds = [String(this.#keptCount), String(bookFieldsMax)];
    const args = [
      ...bounds,
      ...given,
      ...entries.flatMap((one) => entryArgs(this.#sealed.encoded(one), one.targets)),
    ];
    const keys = [...journalKeys(this.#settings.namespace)];
    return client.eval<string[], unknown[]>(script, keys, args);
  }
}
