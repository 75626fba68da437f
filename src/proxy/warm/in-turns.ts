// Work on many things, a few at once, within the time that a run has.
import { patiently } from "../../patience.ts";

const atOnceMax = 4;

/** The runtime ends what outlasts an answer after half a minute. */
export const runMsMax = 25_000;

/**
 * Begins the work on one after the other until the time is over.
 *
 * @param work never rejects
 * @returns what came of those that were begun, in their order; `undefined` for what was not over in time
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  nowAtMs: () => number,
): Promise<readonly (Result | undefined)[]> {
  const startedAtMs = nowAtMs();
  const results: (Result | undefined)[] = [];
  const waiting = items.entries();
  const inTurn = async (): Promise<void> => {
    for (const [at, item] of waiting) {
      results[at] = undefined;
      results[at] = await work(item);
      if (nowAtMs() - startedAtMs >= runMsMax) return;
    }
  };
  await patiently(Promise.all(Array.from({ length: atOnceMax }, inTurn)), runMsMax);
  return [...results];
}
