// Options of one call: settings of the value that it loads, how the call waits, and the check of their names.
import { OperatorError } from "../../base/operator-error.ts";
import { quoted } from "../../protocol/purge-order.ts";
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

const optionsOf = {
  getOrSet: ["fresh", "stale", "tags", "forceFresh", "signal"],
  getOrSetMany: ["missing"],
  lookUp: ["tags"],
  purge: ["tags", "keys", "prefixes", "soft", "reason"],
  set: ["fresh", "stale", "tags", "everywhere", "start"],
  write: ["fresh", "stale", "tags"],
} as const;

/** @throws OperatorError for an option that the call does not have and would ignore */
export function checkOptions(call: keyof typeof optionsOf, given: object): void {
  const known: readonly string[] = optionsOf[call];
  for (const name in given) {
    if (known.includes(name)) continue;
    throw new OperatorError({
      what: `A call of \`${call}\` is invalid.`,
      why: `${quoted(name)} is not a field of its options.`,
      hint: `Use only these: ${known.join(", ")}.`,
    });
  }
}
