// Tells whoever subscribes which entries of the journal have become known in this isolate.
import type { Entry } from "../journal/entry.ts";

/**
 * How entries became known. `read`: from the end of the journal, or all of a view that is new.
 * `older`: from before the view's oldest. `accepted`: here, and in effect at once. `again`: written
 * once more, since the journal had lost what was accepted here.
 */
export interface JournalNews {
  readonly how: "read" | "older" | "accepted" | "again";
  /** At least one, oldest first. */
  readonly entries: readonly Entry[];
}

/** Runs at once, in whatever request has brought the news. What it throws harms nobody. */
export type NewsListener = (news: JournalNews) => void;

export class NewsListeners {
  readonly #listeners: NewsListener[] = [];
  readonly #failed: (cause: unknown) => void;

  /** @param failed told of what a listener throws */
  constructor(failed: (cause: unknown) => void) {
    this.#failed = failed;
  }

  /**
   * For as long as the isolate lives. An entry may be told of more than once: where it was accepted
   * and is read later, and where a view begins anew after a loss.
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
