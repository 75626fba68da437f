// Options, errors and exit codes of the benches that look for violations of the promise about
// purges.
import { OperatorError } from "../../src/base/operator-error.ts";

/** @throws OperatorError for a value that is not a number, or below 0 */
export function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text !== "" && number >= 0) return number;
  throw unknown(option, text, ["a number"]);
}

/**
 * Returns N in milliseconds.
 *
 * @throws OperatorError for a value that no configuration may have
 */
export function lagMsOf(text: string): number {
  const seconds = numberOf("--lag-seconds", text);
  if (seconds > 0 && seconds <= 3_600) return seconds * 1_000;
  throw unknown("--lag-seconds", text, ["a number of seconds above 0, up to 3600"]);
}

export function unknown(option: string, value: string, known: readonly string[]): OperatorError {
  return new OperatorError({
    what: "The run did not start.",
    why: `${option} is ${JSON.stringify(value)}.`,
    hint: `Write one of: ${known.join(", ")}.`,
  });
}

/**
 * Prints the result of a run. The exit code is 1 after a violation, and 2 for an invalid option.
 */
export async function report(
  run: () => Promise<{ readonly table: string; readonly violationCount: number }>,
): Promise<void> {
  try {
    const { table, violationCount } = await run();
    process.stdout.write(`${table}\n`);
    process.exitCode = violationCount > 0 ? 1 : 0;
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
    process.exitCode = 2;
  }
}
