// The time to look up a record's names in a Durable Object's table of purged names.
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import { namesCovering } from "../../src/purge/journal/book.ts";
import { LastPurges } from "../../src/stores/durable-object/last-purges.ts";

const lookUpCount = 2_000;

/** Prints a line for each number of purged names, in SQLite of Node. */
export function reportNames(countMax: number): void {
  const object = new FakeObject();
  // Creates the tables.
  object.started.reply("extent", {}, 0);
  const lastPurges = new LastPurges(object.sql);
  for (let purged = 1_000; purged <= countMax; purged *= 10) {
    object.sql.exec(
      `WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < ?)
       INSERT OR REPLACE INTO purged SELECT hex(i) || ' name', i FROM counted`,
      purged,
    );
    for (const [what, path] of Object.entries({ short: "/a/b", deep: "/a".repeat(1_000) })) {
      const names = namesCovering({ url: `https://a.example${path}`, route: "", tags: ["red"] });
      const fromMs = performance.now();
      for (let nth = 0; nth < lookUpCount; nth += 1) lastPurges.cover({ names, after: 0 });
      const us = (1_000 * (performance.now() - fromMs)) / lookUpCount;
      const line = `${names.length} names of a ${what} path among ${purged} purged names`;
      process.stdout.write(`${line}: ${us.toFixed(0)} µs\n`);
    }
  }
}
