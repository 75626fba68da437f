// Stores a value that the application passes.
import type { TierName } from "../../config/config.ts";
import type { Duration } from "../../config/written-route.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { begin, type BeginPorts } from "../load/beginning.ts";
import type { DataFlights } from "../load/load-outcome.ts";
import { recordOf, type ValueOptions } from "../load/make-record.ts";
import { type StorePorts, storeValues } from "../load/store-values.ts";
import { msOf } from "../value/lifetime-text.ts";
import { checkedTag } from "../value/load-context.ts";
import type { Place } from "../value/place.ts";

/** Options of one value that is set or written. */
export interface SetOptions {
  /** Instead of the namespace's. */
  readonly fresh?: Duration | undefined;
  /** In addition to the namespace's. */
  readonly tags?: readonly string[] | undefined;
}

/** Further dependencies of `setValue`. */
interface SetPorts {
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  readonly flights: Pick<DataFlights, "get" | "leave">;
}

/** @throws OperatorError for an invalid lifetime or tag */
export function valueOptionsOf({ fresh, tags = [] }: SetOptions): ValueOptions {
  const freshMs = fresh === undefined ? undefined : msOf(fresh);
  return { tagsNamed: new Set(tags.map(checkedTag)), freshMs, isSkipped: false };
}

/**
 * @returns the tiers that hold the value, after the writes
 * @throws OperatorError for a value that cannot be stored
 */
export async function setValue(
  {
    place,
    value,
    said,
  }: { readonly place: Place; readonly value: unknown; readonly said: ValueOptions },
  ports: BeginPorts & StorePorts & SetPorts,
): Promise<readonly TierName[]> {
  const beginning = await begin(place.key.host, ports);
  const respondedAtMs = ports.nowAtMs();
  const jitterDraw = ports.random();
  const made = await recordOf(value, { place, said, beginning, respondedAtMs, jitterDraw });
  if (!made.isKept) throw nothingKept(place.path);
  const { flights } = ports;
  const { text } = place.key;
  // An earlier load whose value is not in Redis yet would otherwise answer instead of this value.
  const older = flights.get(text, respondedAtMs);
  if (older !== undefined) flights.leave(text, older);
  return storeValues([{ place, record: made.record, order: beginning.order }], ports);
}

/** @throws OperatorError for `undefined` */
export function checkDefined(value: unknown, namespace: string): void {
  if (value !== undefined) return;
  throw new OperatorError({
    what: `A value of ${namespace} is not stored.`,
    why: "It is undefined, which also means that nothing is stored.",
    hint: "Store null if there is no value.",
  });
}

/** Refuses a value without a lifetime, because the older value would still answer. */
function nothingKept(path: string): OperatorError {
  return new OperatorError({
    what: `The value of ${path} is not stored.`,
    why: "It has no lifetime.",
    hint: "Set the option negative to give null a lifetime, or delete the key.",
  });
}
