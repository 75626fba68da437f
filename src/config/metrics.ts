// Resolves `metrics` of a configuration.
import type { WrittenMetrics, WrittenPrefix } from "./written.ts";

export function resolvedMetrics(written: WrittenMetrics | null | undefined) {
  const { prefixes = {}, hitRateMin } = written ?? {};
  const listed = Array.from(Object.entries(prefixes), ([name, given]) => ({ name, ...given }));
  return {
    /** Whether isolates report metrics, which costs calls of the store or points of Analytics Engine. */
    isOn: written !== null,
    /**
     * URL prefixes with counts of their own. A keyed path belongs to its longest matching prefix.
     */
    prefixes: listed as readonly Prefix[],
    /**
     * Hit rate, 0 to 1, below which health has a finding. `undefined`: only routes and prefixes
     * with their own minimum are checked.
     */
    hitRateMin,
  };
}

/** A URL prefix with counts of its own. */
export interface Prefix extends WrittenPrefix {
  readonly name: string;
}
