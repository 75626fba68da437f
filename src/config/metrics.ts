// Resolves `metrics` of a configuration.
import type { WrittenMetrics } from "./written.ts";

export function resolvedMetrics(written: WrittenMetrics | null | undefined) {
  const { prefixes = {}, hitRateMin } = written ?? {};
  const listed = Array.from(Object.entries(prefixes), ([name, given]) => ({ name, ...given }));
  return {
    /** `false`: no reports, and no commands for them. */
    isOn: written !== null,
    /** URL prefixes with counts of their own. A keyed path counts for its longest matching `path`. */
    prefixes: listed as readonly Prefix[],
    /** 0 to 1. Health reports a lower hit rate. `undefined`: only routes with a minimum are checked. */
    hitRateMin,
  };
}

/** A URL prefix with counts of its own. */
export interface Prefix {
  readonly name: string;
  /** Begins with a slash. */
  readonly path: string;
  /** Minimum hit rate of the prefix, like a route's. */
  readonly hitRateMin?: number | undefined;
}
