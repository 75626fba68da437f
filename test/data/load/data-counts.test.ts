// Tests the counts of namespaces, and the limit on their number.
import { expect, it } from "vitest";
import { DataCounts } from "../../../src/data/load/data-counts.ts";

it("counts namespaces beyond the limit together", () => {
  const counts = new DataCounts({ nowAtMs: () => 0, log: () => undefined });
  for (let nth = 0; nth < 1_000; nth += 1) {
    counts.loadTook(`of-user-${nth}`, 1);
    counts.loadWorked(`of-user-${nth}`);
  }
  counts.loadWorked("of-user-0");
  const all = counts.snapshot();
  expect(Object.keys(all)).toHaveLength(257);
  expect(all["of-user-0"]).toMatchObject({ workedLoads: 2 });
  expect(all["other namespaces"]).toMatchObject({ workedLoads: 744 });
  const names = [...counts.taken().keys()].map((series) => /of-user-\d+|other/.exec(series)?.[0]);
  expect(new Set(names).size).toBe(257);
});
