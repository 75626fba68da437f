// Passes entries of the journal to listeners, when the entries become known in this isolate.
import type { Entry } from "../journal/entry.ts";

/**
 * How entries became known. `read`: a read or a copy extended the view, or began a new view.
 * `accepted`: this isolate accepted the entries, and applies them at once. `again`: this isolate
 * appended the entries again, because the journal had lost them.
 */
export interface JournalNews {
  readonly how: "read" | "accepted" | "again";
  /** The entries, at least one, oldest first. */
  readonly entries: readonly Entry[];
}

/** Runs synchronously, in the request that made the entries known. Errors are caught. */
export type NewsListener = (news: JournalNews) => void;

export class NewsListeners {
  readonly #listeners: NewsListener[] = [];
  readonly #failed: (cause: unknown) => void;

  /** @param failed receives each error that a listener throws */
  constructor(failed: (cause: unknown) => void) {
    this.#failed = failed;
  }

  /**
   * Adds a listener for the lifetime of the isolate. A listener may receive an entry twice: once
   * accepted and once read, or when a view starts again after a loss.
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
