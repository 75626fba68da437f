// Isolates that begin together over an empty database: the first mark of the journal covers everything, so
// there has to be one, or what one isolate has loaded would be purged for the others.
import { expect, it } from "vitest";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { idle, until } from "../../testing/site/harness.ts";

it("one load in the world answers the callers of three colos, who begin at once", async () => {
  const first = new DataIsolate();
  const isolates = [first, ...[1, 2].map(() => first.beside(new FakeCache(first.clock)))];
  // Each has read that the journal is empty before any of them marks it.
  first.upstash.beforeJournalAnswer = () => idle();
  const source = new HeldSource();
  const asked = isolates.flatMap(({ data }) => {
    const articles = data.namespace<string, number>("articles", {
      fresh: "1h",
      collapse: "global",
    });
    return Array.from({ length: 20 }, () => articles.getOrSet(42, source.load));
  });
  await until(() => source.count > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  source.answer("dear");
  // Only a second load would need it.
  const late = setInterval(() => source.answer("dear again"), 200);
  expect([new Set(await Promise.all(asked)), source.count]).toEqual([new Set(["dear"]), 1]);
  clearInterval(late);
  expect(first.upstash.journal.length).toBe(1);
});
