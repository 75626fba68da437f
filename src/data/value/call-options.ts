// Options of one call that may load: settings of the value that it loads, and how the call waits.
import { msOf, type DataDuration } from "./lifetime-text.ts";
import { checkedTag, type LoaderContext, type LoadMany } from "./load-context.ts";

/** Options of `getOrSet`. `fresh`, `stale` and `tags` apply only if this call loads the value. */
export interface CallOptions {
  /**
   * Replaces the namespace's `fresh`. A load that calls `fresh` of its context overrides this
   * option.
   */
  readonly fresh?: DataDuration | undefined;
  /** Replaces the namespace's `stale`. */
  readonly stale?: DataDuration | undefined;
  /** Tags in addition to those of the namespace and of the load. */
  readonly tags?: readonly string[] | undefined;
  /** Whether to load even if a value is stored or another call is loading it. */
  readonly forceFresh?: boolean | undefined;
  /**
   * Aborting the signal rejects the call with the signal's reason. A running load continues, and
   * its value is stored. If the signal is already aborted, no load begins.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Returns a load whose values have these options.
 *
 * @throws OperatorError for an invalid duration or tag
 */
export function withOptions(
  load: LoadMany<unknown>,
  { fresh, stale, tags = [] }: CallOptions,
): LoadMany<unknown> {
  if (fresh === undefined && stale === undefined && tags.length === 0) return load;
  const freshMs = fresh === undefined ? undefined : msOf(fresh);
  const staleMs = stale === undefined ? undefined : msOf(stale);
  const named = tags.map(checkedTag);
  return async (keys, context) => {
    for (const key of keys) {
      const loader = context.of(key) as LoaderContext;
      Object.assign(loader, { freshMs, staleMs });
      loader.tags(...named);
    }
    return load(keys, context);
  };
}
