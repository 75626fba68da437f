// Exports of `tidemark/slices`: large bodies in slices, so that requests for ranges fill the cache.
import { OperatorError } from "../base/operator-error.ts";
import type { SlicesPart } from "../pages/site/slice-port.ts";
import type { Slices } from "./port/slices.ts";
import { SlicedBodies } from "./sliced-bodies.ts";

export type { Slices } from "./port/slices.ts";

/** Options of slices. */
export interface SlicesOptions {
  /**
   * The length of a slice, 65,536 bytes to 8 MiB. Without a Cache API, slices are no longer than the
   * bodies in memory. Default: 1 MiB.
   */
  readonly sliceBytes?: number | undefined;
  /**
   * The number of slices that one answer fetches; it may read three times as many from stores. The
   * rest of its body then comes from the origin in one request, and is not stored. Default: 12,
   * because Workers Free allows 50 subrequests.
   */
  readonly fetchesMax?: number | undefined;
}

/**
 * Stores the large bodies of routes with `ranges: "slices"` in slices, which requests for ranges
 * fill.
 *
 * @throws OperatorError for an option outside its limits
 * @example
 * export default createWorker(config, { slices: slices({ fetchesMax: 1_000 }) });
 */
export function slices(options: SlicesOptions = {}): Slices {
  const sliceBytes = within("sliceBytes", options.sliceBytes ?? 1_048_576, [65_536, 8_388_608]);
  const fetchesMax = within("fetchesMax", options.fetchesMax ?? 12, [1, 10_000]);
  const part: SlicesPart = { open: () => new SlicedBodies({ sliceBytes, fetchesMax }) };
  return { kind: "slices", part };
}

function within(name: string, value: number, [min, max]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new OperatorError({
    what: "The Worker does not start.",
    why: `slices has ${name}: ${value}.`,
    hint: `Give a whole number from ${min} to ${max}.`,
  });
}
