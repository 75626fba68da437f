// Tests values that were set behind purges that the isolate has not read (docs/internals/purge-protocol-epochs.md, rule 27).
import { expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

it("each read finds values that were set behind purges that this isolate has not read", async () => {
  const here = new DataIsolate();
  const there = here.elsewhere();
  const sessions = (isolate: DataIsolate) => isolate.articles({ fresh: "1h", tiers: ["shared"] });
  await sessions(there).get("none");
  // Only the first unknown stamp renews the view. The epochs answer for the second.
  for (const key of ["first", "second"]) {
    await here.data.purge({ keys: ["articles/other"] });
    await sessions(here).set(key, "value");
    for (let nth = 0; nth < 3; nth += 1) expect(await sessions(there).get(key)).toBe("value");
  }
});
