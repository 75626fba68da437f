// Which of many pages is asked for, by Zipf's law: a few all the time, most of them seldom.
import type { Draws } from "../../testing/draws.ts";

/**
 * The page of rank r is drawn in proportion to 1 / r ** exponent.
 *
 * @returns draws a rank, of which 0 is the most asked for
 */
export function zipfRanks(pageCount: number, exponent: number): (draws: Draws) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= pageCount; rank += 1) sums.push((sum += rank ** -exponent));
  return (draws) => {
    const drawn = draws.between(0, sum);
    let [low, high] = [0, pageCount - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
