// The options of a set: name, sink and limits, and their validation.
import * as v from "valibot";
import { whole } from "../base/schemas.ts";
import { durationSeconds } from "../config/duration.ts";
import { between, fields, optionError, secondsToADay } from "../config/forms.ts";
import type { Duration } from "../config/written-route.ts";
import { OperatorError } from "../base/operator-error.ts";

export interface SetOptions<Sink> {
  /** The database that receives the changes. */
  readonly sink: Sink;
  /** How often the cron trigger flushes the set. Default: `"1m"`. */
  readonly every?: Duration | undefined;
  /**
   * How many changed keys may wait in Redis, before it refuses changes of the set. A key counts once for
   * each slice of 10 s in which it changes. Default: 100,000.
   */
  readonly backlogMax?: number | undefined;
  /**
   * How often the sink must refuse a row before the row becomes a dead letter. A flush counts at
   * most one refusal of a row. Default: 5.
   * @see docs/write-behind.md#dead-letters
   */
  readonly deadLetterAfter?: number | undefined;
}

/** Validated options. */
export interface CheckedOptions<Sink> {
  readonly sink: Sink;
  readonly everyMs: number;
  readonly backlogMax: number;
  readonly deadLetterAfter: number;
}

const nameForm = /^[\w.-]{1,64}$/;

const boundsOf = (kind: string) =>
  fields(`a ${kind}`, {
    every: secondsToADay,
    deadLetterAfter: v.pipe(whole("must be a whole number of flushes"), ...between(1, 1_000)),
    backlogMax: v.pipe(whole("must be a whole number of keys"), ...between(1, 10_000_000)),
  });

/**
 * Validates the options of a set.
 *
 * @param kind the name of the method that creates the set, such as `counter`
 * @param methods the methods that a sink of this kind needs
 * @throws OperatorError with the name of the set and each invalid option
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
    : ["Its name must be 1 to 64 letters, digits, dots, dashes or underscores."];
  const issues = v.safeParse(boundsOf(kind), bounded).issues ?? [];
  faults.push(...issues.map(optionError));
  const members = sink as Partial<Record<string, unknown>> | undefined;
  if (!methods.every((method) => typeof members?.[method] === "function")) {
    faults.push(`sink is not a sink for a ${kind}: it needs ${methods.join(", ")}.`);
  }
  if (faults.length > 0) {
    throw new OperatorError({
      what: `The ${kind} ${JSON.stringify(name)} is invalid.`,
      why: faults.join(" "),
      hint: `Write writeBehind(cache).${kind}("${kind === "counter" ? "views" : "profiles"}", { sink }), and correct these options.`,
    });
  }
  const { every = "1m", backlogMax = 100_000, deadLetterAfter = 5 } = bounded;
  return { sink, everyMs: (durationSeconds(every) ?? 0) * 1_000, backlogMax, deadLetterAfter };
}
