// Converts the results of calls to values. Counts them, and emits their events.
import type { CallResult } from "./load/load-outcome.ts";
import type { LoadingPorts } from "./load/loading.ts";
import { valueOf } from "./value/data-record.ts";
import type { Frozen } from "./value/frozen.ts";
import type { Key } from "./value/key.ts";
import { PathMap } from "./value/path-map.ts";
import type { Place } from "./value/place.ts";
import type { Space } from "./value/space.ts";

/** The results for several keys. */
export interface ManyResult<T, K extends Key> {
  /** `null` if the source has no value. */
  readonly values: ReadonlyMap<K, Frozen<T> | null>;
  /** The errors of keys whose load failed and that have no usable stale value. */
  readonly errors: ReadonlyMap<K, unknown>;
}

/** The namespace of a call, and its dependencies. */
interface Around {
  readonly space: Space;
  readonly ports: Pick<LoadingPorts, "counts" | "events">;
}

/**
 * Returns the value that a call found or loaded: `null` if the source has no value, `undefined` if
 * the call has no result for the key.
 *
 * @throws the error of the load
 */
export function valueFor<T>(
  key: Key,
  given: CallResult | undefined,
  { space, ports }: Around,
): Frozen<T> | null | undefined {
  const { counts, events } = ports;
  const { name: namespace, codec } = space;
  // Hits are counted when they are found.
  const isHit = given?.kind === "value" && given.by === "hit";
  if (!isHit) counts.answered(namespace, given);
  if (given === undefined) return undefined;
  if (given.kind === "error") {
    events?.emit({ type: "error", namespace, key, error: given.error });
    throw given.error;
  }
  if (given.by === "stale") {
    events?.emit({ type: "hit", namespace, key, tier: given.tier, stale: true });
  }
  return valueOf(given.metadata, codec) as Frozen<T> | null;
}

/**
 * Returns the values of several results.
 *
 * @param places the keys of the call by place, in the order of the results. Several keys have one
 *   place if they are spellings of the same key
 * @param given the result for each place
 * @param around.absent the value of a key without a result; `undefined` omits the key
 */
export function valuesFor<T, K extends Key>(
  places: ReadonlyMap<Place, readonly K[]>,
  given: readonly (CallResult | undefined)[],
  { absent, ...around }: Around & { readonly absent: null | undefined },
): ManyResult<T, K> {
  const values = new PathMap<K, Frozen<T> | null>();
  const errors = new PathMap<K, unknown>();
  for (const [at, keys] of [...places.values()].entries()) {
    for (const [nth, key] of keys.entries()) {
      try {
        // A second spelling of the same key emits no event.
        const found = valueFor<T>(key, given[at], nth === 0 ? around : withoutEvents(around));
        const value = found === undefined ? absent : found;
        if (value !== undefined) values.set(key, value);
      } catch (cause) {
        errors.set(key, cause);
      }
    }
  }
  return { values, errors };
}

function withoutEvents({ space, ports: { counts } }: Around): Around {
  return { space, ports: { counts, events: undefined } };
}
