// Checks stale answers after a soft purge. Past the bound, a covered response may answer only if an
// allowance of its page permits stale responses, and a refresh must follow.
import type { History, Page, PurgeTry, Read } from "./operations.ts";

/** The time for a refresh in addition to the origin's own time. */
const refreshOverheadMs = 1_500;

type RefreshHistory = Pick<History, "originMsMax" | "originErrors" | "isolates">;
type StaleAnswer = Omit<Read, "cacheStatus" | "askedOf">;

/** Consecutive stale answers with one version, for one colo, page, variant and purge. */
interface Stretch {
  readonly version: number;
  readonly fromMs: number;
  /**
   * The number of answers, each with enough time for a refresh after the previous counted answer.
   */
  answers: number;
  /** The time at which the last counted answer returned. */
  lastReturnedAtMs: number;
}

/**
 * The limit of counted answers in a stretch. The first stale answer may start no refresh, because
 * another forward is in progress. The second answer then starts a refresh. A third answer with the
 * same version proves that no refresh followed.
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
    // A positive ttl means that the cache treats the purged response as fresh.
    if (/tidemark; hit; ttl=[1-9]/.test(read.cacheStatus)) return true;
    if (page.allowance === "none") return true;
    if (page.allowance === "if-error") return !read.cacheStatus.includes("stale-if-error");
    return isHit && this.isUnrefreshed(read, page, purge);
  }

  /**
   * Returns whether a permitted stale answer past the bound of a soft purge had no refresh. Call it
   * in the order of the reads.
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
   * Returns whether a fault since `fromMs` explains a missing refresh: the origin answered the page
   * with an error, or an isolate of the colo ended.
   */
  #isDisturbed(page: Pick<Page, "path">, fromMs: number, read: StaleAnswer): boolean {
    const isWithin = (atMs: number) => atMs >= fromMs && atMs <= read.invokedAtMs;
    return (
      this.#history.originErrors.some(({ path, atMs }) => path === page.path && isWithin(atMs)) ||
      this.#history.isolates.some(({ colo, untilMs }) => colo === read.colo && isWithin(untilMs))
    );
  }
}
