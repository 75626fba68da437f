// Checks that increments count at most once. A number that was raised n times requires n increments
// that may have raised it.
import { viewsStep } from "../keys.ts";
import type { DataViolation } from "./violation.ts";
import type { DataHistory, Increment, SeenCount } from "./operations.ts";

export function countedTwice({ counts, increments }: DataHistory): DataViolation[] {
  const tries = Map.groupBy(increments, ({ path }) => path);
  return counts.flatMap((count) => {
    const raised = raisedTo(count.value);
    if (raised.by === 0) return [];
    const mayHave = (tries.get(count.path) ?? []).filter((each) => mayHaveRaised(each, count));
    if (mayHave.length >= raised.by) return [];
    const what = `${count.path} was raised by ${raised.by}, and only ${mayHave.length} increments may have raised it.`;
    return [{ rule: "counted-twice" as const, what }];
  });
}

/** Splits a number into its starting number, in steps of `viewsStep`, and the increase. */
function raisedTo(value: number): { readonly from: number; readonly by: number } {
  return { from: Math.floor(value / viewsStep), by: value % viewsStep };
}

function mayHaveRaised({ invokedAtMs, value }: Increment, count: SeenCount): boolean {
  if (invokedAtMs > count.atMs) return false;
  if (value === undefined) return true;
  const { from, by } = raisedTo(value);
  const seen = raisedTo(count.value);
  return from === seen.from && by <= seen.by;
}
