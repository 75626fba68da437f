// Reads exact values: first the waiting changes in Redis, then the sink's values and mark at one
// moment. Changes up to the mark are already in the sink's values, and are not applied again.
import type { RemoteAnswer } from "../remote/remote-client.ts";
import type { ChangeKind } from "./change-kind.ts";
import type { Sink } from "./sinks/sink.ts";
import { isPast, type SliceStore } from "./slice-store.ts";

export interface ReadPorts<Change extends { readonly key: string }, Value> {
  readonly set: string;
  readonly kind: Pick<ChangeKind<Change, Value>, "applied">;
  readonly store: Pick<SliceStore<Change>, "read">;
  readonly sink: Pick<Sink<Change, Value>, "read">;
}

/**
 * Reads values with one command to Redis and one call of the sink. Rejects if the sink rejects.
 *
 * @returns the values of the keys that have a value
 */
export async function readExactly<Change extends { readonly key: string }, Value>(
  { set, kind, store, sink }: ReadPorts<Change, Value>,
  keys: readonly string[],
): Promise<RemoteAnswer<ReadonlyMap<string, Value>>> {
  const waiting = await store.read(keys);
  if (waiting.kind === "unavailable") return waiting;
  const { values, mark } = await sink.read(set, keys);
  const exact = new Map<string, Value>();
  for (const key of keys) {
    let value = values.get(key);
    for (const { slice, changes } of waiting.value) {
      const change = changes.get(key);
      if (change !== undefined && isPast(mark, slice, key)) value = kind.applied(value, change);
    }
    if (value !== undefined) exact.set(key, value);
  }
  return { kind: "answered", value: exact };
}
