// Groups the counts of the totals by their labels.
import type { FamilyName } from "../../../protocol/families.ts";
import { seriesIn } from "../../../observe/sums.ts";

/** Returns the counts of a counter, by its first label and then by its second. */
export function countsBy(
  sums: ReadonlyMap<string, number>,
  family: FamilyName,
): Map<string, Map<string, number>> {
  const groups = new Map<string, Map<string, number>>();
  for (const { labels, count } of seriesIn(sums, family)) {
    const [first = "", other = ""] = labels;
    const group = groups.get(first) ?? new Map<string, number>();
    groups.set(first, group);
    group.set(other, (group.get(other) ?? 0) + count);
  }
  return groups;
}

/** Formats counts, such as `found 12, absent 3`. */
export function countsText(counts: ReadonlyMap<string, number> | undefined): string {
  return (
    Array.from(counts ?? [], ([name, count]) => `${name} ${count.toLocaleString("en")}`).join(
      ", ",
    ) || "–"
  );
}
