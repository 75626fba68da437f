// Work on many things, a few at once, within the time that a run has.
import { patiently } from "../../base/patience.ts";

const atOnceMax = 4;

/** The runtime ends what outlasts an answer after half a minute. */
export const runMsMax = 25_000;

/** What is done with each item. */
interface Turns<Item, Result> {
  /** Never rejects. */
  readonly work: (item: Item) => Promise<Result>;
  /** Is there still room for this one? */
  readonly mayBegin?: (item: Item) => boolean;
}

/**
 * Begins the work on one after the other, until the time is over or there is no room for the next.
 *
 * @returns what came of those that were begun, in their order; `undefined` for what was not over in time
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
