// The decisions of rules on the key of a request.
import type { Route } from "../config/config.ts";
import type { Admission, Gate, PhaseLines } from "../part/port/phases.ts";
import type { RequestHead } from "./client-fields.ts";

/** The decisions of rules on the key of a request, and on its fields for the origin. */
export interface DecidedKey {
  /** The gate that has checked the credential. */
  readonly gate?: Gate | undefined;
  /** The values of the key that rules give. */
  readonly values?: PhaseLines | undefined;
  /** Whether a rule has failed to give a value. */
  readonly isFailed?: boolean;
}

const byNoRule: DecidedKey = {};

/** Returns what rules decide on the key. Creates no object on a route without such rules. */
export function decidedBy(
  client: RequestHead,
  { phases, use }: Route,
  { admission }: { readonly admission?: Admission | undefined },
): DecidedKey {
  if (phases.keyed === undefined && admission?.checkedBy === undefined) return byNoRule;
  const gate = admission?.checkedBy === undefined ? undefined : phases.gate;
  const values = phases.keyed?.(client);
  if (phases.keyed === undefined || values !== undefined) return { gate, values };
  // The client's own fields would stand for the values that are missing.
  const names = use.flatMap(({ traits }) => traits.keyed ?? []);
  return { gate, values: names.map((name) => [name, null] as const), isFailed: true };
}

/** Returns the fields that rules give the origin in a request that bypasses the cache. */
export const linesOfRules = ({ values = [], gate }: DecidedKey): PhaseLines => [
  ...values,
  ...(gate?.constants ?? []),
];
