// What an application says of a set: its name, its sink and its bounds, and what is refused.
import * as z from "zod/mini";
import { durationSeconds } from "../config/duration.ts";
import { between, fields, secondsToADay } from "../config/forms.ts";
import type { Duration } from "../config/written-route.ts";
import { OperatorError } from "../base/operator-error.ts";

export interface SetOptions<Sink> {
  /** Where its changes go. */
  readonly sink: Sink;
  /** How often a run of the cron trigger flushes it; `"1m"` unless set. */
  readonly every?: Duration | undefined;
  /** How many keys may wait for the sink, each counted once in every 10 s; 100,000 unless set. */
  readonly backlogMax?: number | undefined;
}

/** As it was checked. */
export interface CheckedOptions<Sink> {
  readonly sink: Sink;
  readonly everyMs: number;
  readonly backlogMax: number;
}

const nameForm = /^[\w.-]{1,64}$/;

const bounds = fields("a write-behind set", {
  every: secondsToADay,
  backlogMax: z.int("must be a whole number of keys").check(...between(1, 10_000_000)),
});

/**
 * @param kind    how the call is named, such as `counter`
 * @param methods that a sink of this kind has
 * @throws OperatorError that names the set, and each option that is wrong
 */
export function checkedOptions<Sink extends object>(
  kind: string,
  name: string,
  options: SetOptions<Sink>,
  methods: readonly string[],
): CheckedOptions<Sink> {
  const { sink, ...bounded } = options;
  const faults = nameForm.test(name)
    ? []
    : ["Its name is not 1 to 64 letters, digits, dots, dashes or _."];
  const issues = z.safeParse(bounds, bounded).error?.issues ?? [];
  faults.push(
    ...issues.map(({ path, message }) => `${path.join(".") || "Its options"} ${message}.`),
  );
  const held = sink as Partial<Record<string, unknown>> | undefined;
  if (!methods.every((method) => typeof held?.[method] === "function")) {
    faults.push(`sink is no sink of a ${kind}: it needs ${methods.join(", ")}.`);
  }
  if (faults.length > 0) {
    throw new OperatorError({
      what: `The ${kind} ${JSON.stringify(name)} is refused.`,
      why: faults.join(" "),
      mend: `Write cache.${kind}("${kind === "counter" ? "views" : "profiles"}", { sink }), and correct the options named here.`,
    });
  }
  const { every = "1m", backlogMax = 100_000 } = bounded;
  return { sink, everyMs: (durationSeconds(every) ?? 0) * 1_000, backlogMax };
}
