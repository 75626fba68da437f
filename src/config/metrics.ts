// What `metrics` of a configuration comes to.
import type { WrittenMetrics } from "./written.ts";

/** What the configuration's `metrics` comes to. */
export function resolvedMetrics(written: WrittenMetrics | null | undefined) {
  const { prefixes = {}, hitRateMin } = written ?? {};
  const listed = Array.from(Object.entries(prefixes), ([name, given]) => ({ name, ...given }));
  return {
    /** `false`: nothing is reported, and no command is sent for it. */
    isOn: written !== null,
    /** Groups of URLs that have their own counts. A keyed path belongs to the longest `path` with which it begins. */
    prefixes: listed as readonly Prefix[],
    /** 0 to 1: below it, health has a finding. `undefined`: only routes with their own minimum have findings. */
    hitRateMin,
  };
}

/** A group of URLs that has its own counts. */
export interface Prefix {
  readonly name: string;
  /** Begins with a slash. */
  readonly path: string;
  /** As of a route. */
  readonly hitRateMin?: number | undefined;
}
