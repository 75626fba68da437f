// Random histories of the journal's book in Redis, compared with a model of its scripts (rule 27).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namesCovering } from "../../../../src/purge/journal/book.ts";
import {
  appendScript,
  bookFieldsMax,
  bookScript,
  entryArgs,
  journalKeys,
} from "../../../../src/stores/redis/journal/journal-scripts.ts";
import { SealedJournal } from "../../../../src/stores/redis/journal/sealed-journal.ts";
import type { NewEntry } from "../../../../src/purge/journal/entry.ts";
import { Seal } from "../../../../src/remote/redis/seal.ts";
import {
  nOf,
  runJournalScript,
  type ScriptedJournal,
} from "../../../../testing/fakes/journal-scripts-model.ts";
import { newEntry, responseWith } from "../../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { playsAll, shareOf } from "../../../../testing/histories.ts";
import { openJournalWorld } from "./journal-world.ts";

const keys = journalKeys("site");
const [journalKey, bookKey, olderKey] = keys;

const entries = fc.array(
  fc.record({
    mode: fc.constantFrom("hard" as const, "soft" as const),
    tags: fc.array(fc.constantFrom("tag:1", "tag:2", "tag:3"), { maxLength: 2 }),
    prefixes: fc.array(fc.constantFrom("/a/", "/b/c", "https://x.example/b/"), { maxLength: 1 }),
  }),
  { minLength: 1, maxLength: 3 },
);
const asked = fc.array(
  fc.record({
    stamp: fc.nat(40),
    tag: fc.constantFrom("1", "2", "3", "4"),
    path: fc.constantFrom("/a/b", "/b/c", "/c"),
  }),
  { minLength: 1, maxLength: 6 },
);
const question = fc.record({ kind: fc.constant("ask" as const), end: fc.nat(5), asked });
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("append" as const), entries }) },
  { weight: 6, arbitrary: question },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom(...(["forget", "lose", "add"] as const)) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A model of the journal and its book. */
class Model implements ScriptedJournal {
  readonly held = "";
  entries: (readonly string[])[] = [];
  noted: (readonly string[])[] = [];

  get count(): number {
    return this.entries.length;
  }

  get last(): readonly string[] | undefined {
    return this.entries.at(-1);
  }

  forgetNoted(): void {
    this.noted = [];
  }

  append(fields: readonly string[]): string {
    this.entries.push(fields);
    this.noted.push(fields);
    return "";
  }

  since(): unknown {
    return [];
  }

  newest(): unknown {
    return [];
  }
}

/** Returns one answer for each record. An empty reply proves nothing, so all answers are false. */
function answersIn(reply: unknown, count: number): readonly boolean[] {
  const answers = reply as readonly number[];
  expect([0, count]).toContain(answers.length);
  return Array.from({ length: count }, (_, at) => answers[at] === 1);
}

const encodedBy = new SealedJournal({
  redis: { seal: new Seal() },
  namespace: "site",
  nowAtMs: Date.now,
});
const argsOf = (entry: NewEntry) => entryArgs(encodedBy.encoded(entry), entry.targets);

describe.each(oneRedisServer)("the book over $redis", ({ start }) => {
  const world = openJournalWorld(start);

  /** Plays a history in Redis and in the model. @returns the answers of both to each question */
  async function played(steps: readonly Step[], fieldsMax: number) {
    const { redis } = world;
    await redis.flushall();
    const model = new Model();
    const ns = ["", "unknown"];
    const answers: Record<"real" | "modelled", readonly boolean[]>[] = [];
    const appended: Record<"real" | "modelled", readonly string[]>[] = [];
    let nth = 0;
    for (const each of steps) {
      if (each.kind === "append") {
        const given = each.entries.flatMap((entry) =>
          argsOf(newEntry({ n: `n${(nth += 1)}`, ...entry })),
        );
        const args = ["1000", String(fieldsMax), "", "0", String(each.entries.length), ...given];
        const places = (await redis.eval(appendScript, 5, ...keys, ...args)) as [string[][]];
        runJournalScript(appendScript, args, model);
        const added = places[0].map(([, n = ""]) => n);
        appended.push({ real: added, modelled: model.entries.slice(-added.length).map(nOf) });
        ns.unshift(...added.toReversed());
      } else if (each.kind === "ask") {
        const args = [ns[each.end % ns.length] ?? ""];
        for (const { stamp, tag, path } of each.asked) {
          const url = `https://x.example${path}`;
          const names = namesCovering(responseWith({ url, tags: [tag], route: "" }));
          args.push(ns[stamp % ns.length] ?? "", String(names.length), ...names);
        }
        const bookKeys = [journalKey, bookKey, olderKey];
        const real = await redis.call("EVAL_RO", bookScript, 3, ...bookKeys, ...args);
        const modelled = runJournalScript(bookScript, args, model);
        const { length } = each.asked;
        answers.push({ real: answersIn(real, length), modelled: answersIn(modelled, length) });
      } else if (each.kind === "forget") {
        await redis.del(bookKey);
        model.forgetNoted();
      } else if (each.kind === "lose") {
        const [last] = await redis.xrevrange(journalKey, "+", "-", "COUNT", 1);
        if (last !== undefined) await redis.xdel(journalKey, last[0]);
        model.entries.pop();
      } else {
        await redis.xadd(journalKey, "*", "n", "older-version");
        model.entries.push(["n", "older-version"]);
      }
    }
    expect(appended.map(({ real }) => real)).toEqual(appended.map(({ modelled }) => modelled));
    return answers;
  }

  const histories = fc.array(step, { minLength: 4, maxLength: 24 });

  it("gives the answers of the model", async () => {
    const counts = { yes: 0, no: 0 };
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        for (const { real, modelled } of await played(steps, bookFieldsMax)) {
          expect(real).toEqual(modelled);
          for (const answer of real) counts[answer ? "yes" : "no"] += 1;
        }
      }),
      { seed: 27, numRuns: shareOf(800) },
    );
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(playsAll ? 300 : 200);
  });

  it("proves only what the model proves, although small books are replaced", async () => {
    let provedCount = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        for (const { real, modelled } of await played(steps, 12)) {
          const areProved = real.every((answer, at) => !answer || modelled[at]);
          expect(areProved).toBe(true);
          provedCount += real.filter(Boolean).length;
        }
      }),
      { seed: 28, numRuns: shareOf(800) },
    );
    expect(provedCount).toBeGreaterThan(100);
  });
});
