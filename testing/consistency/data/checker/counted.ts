// Checks that increments count at most once: a seen number needs at least as many tries that may
// have raised it.
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
    const what = `${count.path} was seen raised by ${raised.by}, and ${mayHave.length} tries may have done that.`;
    return [{ rule: "counted-twice" as const, what }];
  });
}

/** Returns the starting number and the increase. */
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
