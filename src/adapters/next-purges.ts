// Purges by the tags of Next.js, through which both of its caches revalidate.
import type { DataCache } from "../data/create-data-cache.ts";
import type { DataPurge } from "../data/purge-data.ts";
import { tagsOf } from "./library-key.ts";

/** The lifetime of a profile, such as that of `revalidateTag(tag, "max")`. */
export interface NextDurations {
  /** In seconds. */
  readonly expire?: number | undefined;
}

export class NextPurges {
  readonly #data: Pick<DataCache, "purge">;
  readonly #staleMs: number;
  readonly #joined = new Map<string, Promise<void>>();

  /** @param staleMs how long a value may answer after a soft purge */
  constructor(data: Pick<DataCache, "purge">, staleMs: number) {
    this.#data = data;
    this.#staleMs = staleMs;
  }

  /**
   * Purges tags: softly if the profile lets values answer for at least as long as a soft purge does.
   *
   * @throws OperatorError if the purge is not accepted
   */
  async purge(tags: readonly string[], durations: NextDurations | undefined): Promise<void> {
    const names = [...new Set(tagsOf(tags))].sort();
    if (names.length === 0) return;
    const soft = durations !== undefined && (durations.expire ?? Infinity) * 1_000 >= this.#staleMs;
    const order = { tags: names, soft, reason: "Next.js" };
    const text = JSON.stringify(order);
    const joined = this.#joined.get(text) ?? this.#ordered(text, order);
    this.#joined.set(text, joined);
    await joined;
  }
  /**
   * Orders a purge after this turn. Next.js passes the same tags to each of its caches in one turn, and one entry
   * of the journal is later than all these calls.
   */
  async #ordered(text: string, order: DataPurge): Promise<void> {
    await Promise.resolve();
    this.#joined.delete(text);
    await this.#data.purge(order);
  }
}
