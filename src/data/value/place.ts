// One key of one namespace, and where it stands in the tiers.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierStack } from "../../cache/tiers/tier-stack.ts";
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

export type DataTiers = TierStack<DataDetail>;

/**
 * @param host below which the Cache API keeps it
 * @throws OperatorError for a key that is refused
 */
export function placeOf(space: Space, asked: Key, host: string): Place {
  const path = pathOf(space.name, asked);
  return { space, asked, path, key: recordKeyOf(path, host) };
}
