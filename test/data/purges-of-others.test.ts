// Tests that values keep their lifetime although more purges of other keys follow than a view holds
// (docs/purge-protocol-epochs.md, rule 27).
import { expect, it, vi } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { purgeOthers } from "../../testing/site/purges-of-others.ts";

const keys = Array.from({ length: 20 }, (_, at) => `${at}`);
const purgeCount = 8_300;

it("values keep their lifetime behind 8,300 purges of other keys", async () => {
  const here = new DataIsolate();
  const articles = here.articles({ fresh: "1h" });
  for (const key of keys) await articles.getOrSet(key, async () => `value ${key}`);
  await here.settle();
  await purgeOthers(here, purgeCount);
  await articles.delete("7");
  here.clock.advance(20);
  for (const isolate of [here, here.elsewhere()]) {
    const values = isolate.articles({ fresh: "1h" });
    const loaded: string[] = [];
    for (const key of keys) {
      const load = async () => (loaded.push(key), `new ${key}`);
      expect(await values.getOrSet(key, load)).toBe(key === "7" ? "new 7" : `value ${key}`);
    }
    expect(loaded).toEqual(isolate === here ? ["7"] : []);
  }
});

it("each read finds a value in the shared or the edge tier that the view cannot verify", async () => {
  const here = new DataIsolate();
  const valuesIn = ({ data }: DataIsolate, tier: "shared" | "edge") =>
    data.namespace<string, string>(`${tier}-articles`, { fresh: "1h", tiers: [tier] });
  for (const tier of ["shared", "edge"] as const) await valuesIn(here, tier).set("42", "value");
  await here.settle();
  await purgeOthers(here, purgeCount);
  here.clock.advance(20);
  const load = vi.fn<() => Promise<string>>(async () => "new");
  // Each tier is read by a new isolate, because the first unknown stamp renews the view.
  for (const values of [valuesIn(here.elsewhere(), "shared"), valuesIn(here.beside(), "edge")]) {
    for (let nth = 0; nth < 3; nth += 1) {
      expect(await values.get("42")).toBe("value");
      expect(await values.has("42")).toBe(true);
      expect((await values.getMany(["42"])).get("42")).toBe("value");
      expect(await values.getOrSet("42", load)).toBe("value");
    }
  }
  expect(load).not.toHaveBeenCalled();
});

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
