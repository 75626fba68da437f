// Runs a few tasks at once, within the time limit of a run.
import { patiently } from "./timeouts.ts";

const atOnceMax = 4;

/** The runtime ends background work 30 s after the response is sent. */
export const runMsMax = 25_000;

/** The task that runs for each item. */
interface Turns<Item, Result> {
  /** Runs the task. Never rejects. */
  readonly work: (item: Item) => Promise<Result>;
  /** Returns whether the task for this item may begin. */
  readonly mayBegin?: (item: Item) => boolean;
}

/**
 * Starts tasks in the order of the items, until the time is over or `mayBegin` returns false.
 *
 * @returns the results of the started tasks, in order; `undefined` for an unfinished task
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
