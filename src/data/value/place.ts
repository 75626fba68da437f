// One key of one namespace, and where it stands in the tiers.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Memory, Tier } from "../../cache/tiers/tier.ts";
import type { SharedTier } from "../../cache/tiers/shared-tier.ts";
import type { DataDetail } from "./data-record.ts";
import { type Key, pathOf, recordKeyOf } from "./key.ts";
import type { Space } from "./space.ts";

export interface Place {
  readonly space: Space;
  /** As the application has written it. */
  readonly asked: Key;
  /** `articles/42`: its namespace and its segments. */
  readonly path: string;
  readonly key: RecordKey;
}

/** In the order in which they are asked. */
export interface DataTiers {
  readonly memory: Memory<DataDetail>;
  /** `undefined` without a Cache API. */
  readonly edge: Tier<DataDetail> | undefined;
  /** `undefined` without a database. */
  readonly shared:
    | Pick<SharedTier<DataDetail>, "name" | "read" | "write" | "remove" | "readMany" | "writeMany">
    | undefined;
}

/**
 * @param host below which the Cache API keeps it
 * @throws OperatorError for a key that is refused
 */
export function placeOf(space: Space, asked: Key, host: string): Place {
  const path = pathOf(space.name, asked);
  return { space, asked, path, key: recordKeyOf(path, host) };
}
