// A key of a namespace, in the forms that the tiers use.
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierStack } from "../../cache/tiers/tier-stack.ts";
import type { DataDetail } from "./data-record.ts";
import { type Key, pathOf, recordKeyOf } from "./key.ts";
import type { Space } from "./space.ts";

export interface Place {
  readonly space: Space;
  /** As the application wrote it. */
  readonly asked: Key;
  /** The namespace and the segments: `articles/42`. */
  readonly path: string;
  readonly key: RecordKey;
}

export type DataTiers = TierStack<DataDetail>;

/**
 * @param host the host of its Cache API key
 * @throws OperatorError for an invalid key
 */
export function placeOf(space: Space, asked: Key, host: string): Place {
  const path = pathOf(space.name, asked);
  return { space, asked, path, key: recordKeyOf(path, host) };
}
