// Exports of `tidemark/slices`: large bodies in slices, so that requests for ranges fill the cache.
// See docs/requests.md#large-bodies-in-slices.
import { OperatorError } from "../../base/operator-error.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import type { PartedRoute, RoutePart } from "../../part/port/part.ts";
import { defaultLimits, SlicedBodies, type SliceLimits } from "./sliced-bodies.ts";

/** Options of slices. */
export interface SlicesOptions {
  /**
   * The length of a slice, 65,536 bytes to 8 MiB. Without a Cache API, slices are no longer than the
   * bodies in memory. Default: 1 MiB.
   */
  readonly sliceBytes?: number | undefined;
  /**
   * The number of slices that one answer fetches; it may read three times as many from stores. The
   * rest of its body then comes from the origin in one request, and is not stored. On Workers Paid or
   * Node, set 1,000. Default: 12, because Workers Free allows 50 subrequests.
   */
  readonly fetchesMax?: number | undefined;
}

/**
 * Stores the large bodies of a route in slices, which requests for ranges fill.
 *
 * @throws OperatorError for an option outside its limits
 * @example
 * defineConfig({ routes: [{ name: "media", match: "/*.mp4", use: [slices({ fetchesMax: 1_000 })] }] });
 */
export function slices(options: SlicesOptions = {}): RoutePart {
  const sliceBytes = within(
    "sliceBytes",
    options.sliceBytes ?? defaultLimits.sliceBytes,
    [65_536, 8_388_608],
  );
  const fetchesMax = within(
    "fetchesMax",
    options.fetchesMax ?? defaultLimits.fetchesMax,
    [1, 10_000],
  );
  const limits: SliceLimits = { sliceBytes, fetchesMax };
  const contents: PartContents = { fills: { openBodyHolder: () => new SlicedBodies() } };
  const traits = { holdsBodies: true, builds: "shared" } as const;
  return {
    kind: "route",
    name: "slices",
    traits,
    options: limits,
    isForStored: true,
    faultOn,
    contents,
  };
}

function faultOn({ use = [] }: PartedRoute): string | undefined {
  if (use.some(({ traits }) => traits.assembles === true)) {
    return "has slices(), but a page with ESI tags has no ranges; omit one of them";
  }
  return use.some(({ traits }) => traits.builds === "named")
    ? "has slices(), which would mix bodies of two builds; omit slices() or release()"
    : undefined;
}

function within(name: string, value: number, [min, max]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new OperatorError({
    what: "The Worker does not start.",
    why: `slices has ${name}: ${value}.`,
    hint: `Give a whole number from ${min} to ${max}.`,
  });
}
