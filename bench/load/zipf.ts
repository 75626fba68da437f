// Draws pages by Zipf's law: a small number of pages gets most requests.
import type { Draws } from "../../testing/draws.ts";

/**
 * Draws the page of rank r with a probability proportional to 1 / r ** exponent.
 *
 * @returns a function that draws a rank; 0 is the most requested
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
