// Notifies subscribers of the journal entries that become known in this isolate.
import type { Entry } from "../journal/entry.ts";

/**
 * How entries became known. `read`: at the end of the journal, or with a new view. `older`: before the
 * view's oldest entry. `accepted`: accepted by this isolate, in effect at once. `again`: appended again
 * because the journal had lost them.
 */
export interface JournalNews {
  readonly how: "read" | "older" | "accepted" | "again";
  /** At least one, oldest first. */
  readonly entries: readonly Entry[];
}

/** Runs synchronously in the request that brought the news. Errors are caught. */
export type NewsListener = (news: JournalNews) => void;

export class NewsListeners {
  readonly #listeners: NewsListener[] = [];
  readonly #failed: (cause: unknown) => void;

  /** @param failed receives each error that a listener throws */
  constructor(failed: (cause: unknown) => void) {
    this.#failed = failed;
  }

  /**
   * Adds a listener for the life of the isolate. It may see an entry twice: once accepted and once read, or
   * when a view starts over after a loss.
   */
  add(listener: NewsListener): void {
    this.#listeners.push(listener);
  }

  tell(how: JournalNews["how"], entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener({ how, entries });
      } catch (cause) {
        this.#failed(cause);
      }
    }
  }
}
