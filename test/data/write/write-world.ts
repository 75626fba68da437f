// Isolates of two colos that write through to the application's rows.
import { expect } from "vitest";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";
import { idle, until } from "../../../testing/site/harness.ts";

export const space = { fresh: "10m", stale: "1h", negative: "1m", tags: ["red"] };
export const allTiers = ["memory", "edge", "shared"];

/** Opens isolates of two colos that have read the journal, and the application's rows. */
export async function opened() {
  const here = new DataIsolate();
  const there = here.elsewhere();
  const rows = new Map([["42", "old"]]);
  const load = async () => rows.get("42") ?? null;
  const [articles, elsewhere] = [here.articles(space), there.articles(space)];
  for (const each of [articles, elsewhere]) expect(await each.getOrSet("42", load)).toBe("old");
  for (const each of [here, there]) await each.settle();
  here.clock.advance(1);
  const persist = (value: string) => async () => void rows.set("42", value);
  /** Lets N pass, so that every isolate has read the journal. */
  const seen = async () => {
    here.clock.advance(10);
    for (const each of [articles, elsewhere]) {
      await each.get("warm");
      await idle();
    }
  };
  /** Begins a write that the test ends. */
  const heldWrite = async (value: string, when: "before" | "after" = "before") => {
    const gate = Promise.withResolvers<void>();
    let hasBegun = false;
    const written = articles.write("42", value, async () => {
      if (when === "after") rows.set("42", value);
      hasBegun = true;
      await gate.promise;
      if (when === "before") rows.set("42", value);
    });
    await until(() => hasBegun);
    return { written, finish: gate.resolve };
  };
  const both = [articles, elsewhere] as const;
  return {
    upstash: here.upstash,
    here,
    there,
    rows,
    load,
    articles,
    elsewhere,
    both,
    persist,
    seen,
    heldWrite,
  };
}
