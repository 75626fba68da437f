// A pool of tasks: a few at once, within the time of a run.
import { patiently } from "../../base/timeouts.ts";

const atOnceMax = 4;

/** The runtime ends background work 30 s after the answer. */
export const runMsMax = 25_000;

/** The task for each item. */
interface Turns<Item, Result> {
  /** Never rejects. */
  readonly work: (item: Item) => Promise<Result>;
  /** Returns whether there is still room for this item. */
  readonly mayBegin?: (item: Item) => boolean;
}

/**
 * Runs tasks in order, until the time is over or there is no room for the next.
 *
 * @returns the results of the started tasks, in order; `undefined` for an unfinished one
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  { work, mayBegin = () => true }: Turns<Item, Result>,
  nowAtMs: () => number,
): Promise<readonly (Result | undefined)[]> {
  const startedAtMs = nowAtMs();
  const results: (Result | undefined)[] = [];
  const inTurn = async (): Promise<void> => {
    while (results.length < items.length) {
      const at = results.length;
      const item = items[at] as Item;
      if (!mayBegin(item)) return;
      results.push(undefined);
      results[at] = await work(item);
      if (nowAtMs() - startedAtMs >= runMsMax) return;
    }
  };
  await patiently(Promise.all(Array.from({ length: atOnceMax }, inTurn)), runMsMax);
  return [...results];
}
