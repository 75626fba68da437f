// Checks answers after a soft purge. From the bound on, a covered response is stale: only an
// allowance permits it, and a refresh must follow.
import type { History, Page, PurgeTry, Read } from "./operations.ts";

/** The time for a refresh in addition to the origin's own time. */
const refreshOverheadMs = 1_500;

type RefreshHistory = Pick<History, "originMsMax" | "originErrors" | "isolates">;
type StaleAnswer = Omit<Read, "cacheStatus" | "askedOf">;

interface Stretch {
  readonly version: number;
  readonly fromMs: number;
  /** The number of answers that each began more than a refresh after the previous one returned. */
  answers: number;
  lastReturnedAtMs: number;
}

/**
 * The first stale answer may find another forward in progress. The second starts a refresh at the
 * latest. A third, with time for both between them, proves that there was no refresh.
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

  /**
   * Returns whether a read past the bound of a soft purge breaks the promise. Call it in the order
   * of the reads.
   */
  isBroken(read: Read, page: Page, purge: PurgeTry): boolean {
    const isHit = read.cacheStatus.includes("tidemark; hit");
    // A plain hit, which stays fresh for some time.
    if (/tidemark; hit; ttl=[1-9]/.test(read.cacheStatus)) return true;
    if (page.allowance === "none") return true;
    if (page.allowance === "if-error") return !read.cacheStatus.includes("stale-if-error");
    return isHit && this.isUnrefreshed(read, page, purge);
  }

  /**
   * Returns whether an answer past the bound of a soft purge, which its route or namespace allows,
   * was never refreshed.
   */
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

  /**
   * Returns whether a fault explains a missing refresh: the origin rejected it, or its isolate
   * ended.
   */
  #isDisturbed(page: Pick<Page, "path">, fromMs: number, read: StaleAnswer): boolean {
    const isWithin = (atMs: number) => atMs >= fromMs && atMs <= read.invokedAtMs;
    return (
      this.#history.originErrors.some(({ path, atMs }) => path === page.path && isWithin(atMs)) ||
      this.#history.isolates.some(({ colo, untilMs }) => colo === read.colo && isWithin(untilMs))
    );
  }
}
