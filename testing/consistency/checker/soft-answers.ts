// What a soft purge leaves possible. From the bound on, a covered response counts as stale: only an
// allowance lets it answer, and it has to be refreshed.
import type { History, Page, PurgeTry, Read } from "./operations.ts";

/** Beside the origin's own time, what a refresh may take. */
const refreshOverheadMs = 1_500;

type RefreshHistory = Pick<History, "originMsMax" | "originErrors" | "isolates">;
type StaleAnswer = Omit<Read, "cacheStatus" | "askedOf">;

interface Stretch {
  readonly version: number;
  readonly fromMs: number;
  /** Answers that each began longer than a refresh after the one before it had returned. */
  answers: number;
  lastReturnedAtMs: number;
}

/**
 * A first stale answer may find another forward under way; the second starts a refresh at the
 * latest; a third, with time for both between them, was never refreshed.
 */
const staleAnswersMax = 2;

export class SoftAnswers {
  readonly #history: RefreshHistory;
  readonly #refreshMsMax: number;
  readonly #stretches = new Map<string, Stretch>();

  constructor(history: RefreshHistory) {
    this.#history = history;
    this.#refreshMsMax = history.originMsMax + refreshOverheadMs;
  }

  /** To be asked in the order of the reads, for a read past the bound of a soft purge. */
  isBroken(read: Read, page: Page, purge: PurgeTry): boolean {
    const isHit = read.cacheStatus.includes("tidemark; hit");
    // Fresh for some time to come: a plain hit.
    if (/tidemark; hit; ttl=[1-9]/.test(read.cacheStatus)) return true;
    if (page.allowance === "none") return true;
    if (page.allowance === "if-error") return !read.cacheStatus.includes("stale-if-error");
    return isHit && this.isUnrefreshed(read, page, purge);
  }

  /** An answer past the bound of a soft purge, where its route or namespace lets it answer. */
  isUnrefreshed(read: StaleAnswer, page: Pick<Page, "path">, purge: { id: string }): boolean {
    const key = `${read.colo} ${read.path} ${read.variant} ${purge.id}`;
    const before = this.#stretches.get(key);
    if (before?.version !== read.version || this.#isDisturbed(page, before.fromMs, read)) {
      const { version, invokedAtMs: fromMs, returnedAtMs: lastReturnedAtMs } = read;
      this.#stretches.set(key, { version, fromMs, answers: 1, lastReturnedAtMs });
      return false;
    }
    if (read.invokedAtMs < before.lastReturnedAtMs + this.#refreshMsMax) return false;
    before.answers += 1;
    before.lastReturnedAtMs = read.returnedAtMs;
    return before.answers > staleAnswersMax;
  }

  /** A refresh that the origin refused, or that went down with its isolate, was none of ours. */
  #isDisturbed(page: Pick<Page, "path">, fromMs: number, read: StaleAnswer): boolean {
    const isWithin = (atMs: number) => atMs >= fromMs && atMs <= read.invokedAtMs;
    return (
      this.#history.originErrors.some(({ path, atMs }) => path === page.path && isWithin(atMs)) ||
      this.#history.isolates.some(({ colo, untilMs }) => colo === read.colo && isWithin(untilMs))
    );
  }
}
