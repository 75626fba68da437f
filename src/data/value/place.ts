// A key of a namespace, in the forms that the tiers use.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierStack } from "../../cache/tiers/tier-stack.ts";
import type { DataDetail } from "./data-record.ts";
import { type Key, pathOf, recordKeyOf } from "./key.ts";
import type { Space } from "./space.ts";

export interface Place {
  readonly space: Space;
  /** The key as the application wrote it. */
  readonly appKey: Key;
  /** The path of the namespace and the segments: `articles/42`. */
  readonly path: string;
  readonly key: RecordKey;
}

export type DataTiers = TierStack<DataDetail>;

/**
 * Returns the place of a key.
 *
 * @param host the host of its Cache API key
 * @throws OperatorError for an invalid key
 */
export function placeOf(space: Space, key: Key, host: string): Place {
  const path = pathOf(space.name, key);
  return { space, appKey: key, path, key: recordKeyOf(path, host, space.schema) };
}

/** Groups equal keys: each place once, with all its spellings. */
export function placesOf<K extends Key>(
  space: Space,
  keys: readonly K[],
  host: string,
): Map<Place, K[]> {
  const byPath = new Map<string, { place: Place; names: K[] }>();
  for (const key of keys) {
    const place = placeOf(space, key, host);
    const known = byPath.get(place.path);
    if (known === undefined) byPath.set(place.path, { place, names: [key] });
    else known.names.push(key);
  }
  return new Map([...byPath.values()].map(({ place, names }) => [place, names]));
}
