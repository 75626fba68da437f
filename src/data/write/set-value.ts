// Stores a value that the application has at hand, with what it says of it.
import type { TierName } from "../../config/config.ts";
import type { Duration } from "../../config/written-route.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { begin, type BeginPorts } from "../load/beginning.ts";
import type { DataFlights } from "../load/load-outcome.ts";
import { recordOf, type Said } from "../load/make-record.ts";
import { type StorePorts, storeValues } from "../load/store-values.ts";
import { msOf } from "../value/lifetime-text.ts";
import { checkedTag } from "../value/load-context.ts";
import type { Place } from "../value/place.ts";

/** How one value that is set or written is kept. */
export interface SetOptions {
  /** In place of the namespace's. */
  readonly fresh?: Duration | undefined;
  /** Beside the namespace's. */
  readonly tags?: readonly string[] | undefined;
}

/** What a value is set with, beside what stores it. */
interface SetPorts {
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  readonly flights: Pick<DataFlights, "get" | "leave">;
}

/** @throws OperatorError for a lifetime or a tag that is refused */
export function saidIn({ fresh, tags = [] }: SetOptions): Said {
  const freshMs = fresh === undefined ? undefined : msOf(fresh);
  return { tagsNamed: new Set(tags.map(checkedTag)), freshMs, isSkipped: false };
}

/**
 * @returns the tiers that keep it, once they do
 * @throws OperatorError for a value that cannot be stored
 */
export async function setValue(
  { place, value, said }: { readonly place: Place; readonly value: unknown; readonly said: Said },
  ports: BeginPorts & StorePorts & SetPorts,
): Promise<readonly TierName[]> {
  const beginning = await begin(place.key.host, ports);
  const respondedAtMs = ports.nowAtMs();
  const jitterDraw = ports.random();
  const made = await recordOf(value, { place, said, beginning, respondedAtMs, jitterDraw });
  if (!made.isKept) throw nothingKept(place.path);
  const { flights } = ports;
  const { text } = place.key;
  // What it has brought, and Redis does not have yet, would answer in the place of this.
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
    mend: "Store null where there is no value.",
  });
}

/** An older value would go on answering. */
function nothingKept(path: string): OperatorError {
  return new OperatorError({
    what: `The value of ${path} is not stored.`,
    why: "It has no lifetime.",
    mend: "Set the option negative to give null a lifetime, or delete the key.",
  });
}
