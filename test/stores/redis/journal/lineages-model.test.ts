// Random histories of the journal's lineages and epochs in Redis, compared with a model of the scripts
// (rule 27).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appendScript,
  entryArg,
  epochFields,
  epochsIn,
  journalKeys,
} from "../../../../src/stores/redis/journal/journal-scripts.ts";
import { noRecordArgs } from "../../../../src/stores/redis/journal/record-scripts.ts";
import type { Epoch } from "../../../../src/purge/journal/epoch.ts";
import type { NewEntry } from "../../../../src/purge/journal/entry.ts";
import {
  epochTexts,
  nOf,
  numberIn,
  proofScript,
  runJournalScript,
  type ScriptedJournal,
} from "../../../../testing/fakes/journal-scripts-model.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { shareOf } from "../../../../testing/histories.ts";
import { openJournalWorld } from "./journal-world.ts";

const keys = journalKeys("site");
const [journalKey, lineagesKey] = keys;

const entries = fc.array(
  fc.record({
    mode: fc.constantFrom("hard" as const, "soft" as const),
    tags: fc.array(fc.constantFrom("tag:1", "tag:2", "tag:3"), { maxLength: 2 }),
    prefixes: fc.array(fc.constantFrom("/a/", "/b/c", "https://x.example/b/"), { maxLength: 1 }),
  }),
  { minLength: 1, maxLength: 3 },
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("append" as const), entries }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("ask" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom(...(["lose", "add"] as const)) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom(...(["burst", "forget lineages"] as const)) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A model of the journal and its lineages. */
class Model implements ScriptedJournal {
  readonly held = "";
  entries: (readonly string[])[] = [];
  lined: (readonly string[])[] = [];
  unprovenBelow = 0;
  readonly #linedMax: number;

  constructor(linedMax: number) {
    this.#linedMax = linedMax;
  }

  get count(): number {
    return this.entries.length;
  }

  get last(): readonly string[] | undefined {
    return this.entries.at(-1);
  }

  keepLined(count: number, unprovenBelow: number): void {
    this.lined = this.lined.slice(0, count);
    if (count === 0) this.unprovenBelow = unprovenBelow;
  }

  append(fields: readonly string[]): string {
    this.entries.push(fields);
    this.lined.push(fields);
    const number = numberIn(nOf(fields));
    // The script drops lineages in fields of 63.
    if (number % 63 === 1) {
      const dropped = Math.ceil((number - this.#linedMax - 63) / 63) * 63;
      this.lined = this.lined.filter((one) => numberIn(nOf(one)) > dropped);
    }
    return "";
  }

  since(): unknown {
    return [];
  }

  newest(): unknown {
    return [];
  }
}

/** Small, so that bursts drop lineages. */
const linedMax = 20;
/** More entries than a history has, so that none drops names. */
const allNames = 131_072;
const listCounts = { known: 0, unknown: 0 };
const proofCounts = { 0: 0, 1: 0, 2: 0 };

const argsOf = (entry: NewEntry) => [entryArg(entry), ...noRecordArgs];

describe.each(oneRedisServer)("the lineages over $redis", ({ start }) => {
  const world = openJournalWorld(start);

  /**
   * Compares epochs of the model with those in Redis, which lacks names after a loss, and those of older entries than
   * it keeps.
   */
  async function compareEpochs({ lined }: Model, namedMax: number): Promise<void> {
    const fields = [0, 1, 2, 3, 4, 5].flatMap(epochFields);
    const real = epochsIn(await world.redis.hmget(lineagesKey, ...fields), 6);
    if (namedMax < allNames) {
      const names = (await world.redis.hkeys(lineagesKey)).filter((field) => field.startsWith("n"));
      expect(names.length).toBeLessThan(4);
    }
    for (const [at, modelled] of epochsIn(epochTexts(fields, lined), 6).entries()) {
      const held = real[at];
      if (modelled === undefined || (held === undefined && namedMax < allNames)) continue;
      const listsIn = ({ names }: Epoch) => names.slice(8).split(",");
      const lists = listsIn(held ?? modelled);
      const expected = listsIn(modelled).map((list, nth) => (lists[nth] === "?" ? "?" : list));
      const names = `${modelled.names.slice(0, 8)}${expected.join(",")}`;
      expect(held).toEqual({ lineages: modelled.lineages, names });
      for (const list of lists) listCounts[list === "?" ? "unknown" : "known"] += 1;
    }
  }

  /** Plays a history in Redis and in the model. */
  async function play(steps: readonly Step[], namedMax: number): Promise<void> {
    const { redis } = world;
    await redis.flushall();
    const model = new Model(linedMax);
    const ns = ["", "unknown"];
    const appended: Record<"real" | "modelled", readonly string[]>[] = [];
    const proved: Record<"real" | "modelled", unknown>[] = [];
    let nth = 0;
    const burst = Array.from({ length: 70 }, () => ({ tags: ["tag:4"] }));
    for (const each of steps) {
      if (each.kind === "append" || each.kind === "burst") {
        const added = each.kind === "append" ? each.entries : burst;
        const given = added.flatMap((entry) => argsOf(newEntry({ n: `n${(nth += 1)}`, ...entry })));
        const bounds = [...[1000, namedMax, linedMax].map(String), ""];
        const args = [...bounds, "", "0", "", String(added.length), ...given];
        const places = (await redis.eval(appendScript, keys.length, ...keys, ...args)) as [
          string[][],
        ];
        runJournalScript(appendScript, args, model);
        const real = places[0].map(([, n = ""]) => n);
        appended.push({ real, modelled: model.entries.slice(-real.length).map(nOf) });
        ns.unshift(...real.toReversed());
      } else if (each.kind === "ask") {
        await compareEpochs(model, namedMax);
        const proofs = await redis.call("EVAL_RO", proofScript, 2, journalKey, lineagesKey, ...ns);
        proved.push({ real: proofs, modelled: runJournalScript(proofScript, ns, model) });
        for (const proof of proofs as (0 | 1 | 2)[]) proofCounts[proof] += 1;
      } else if (each.kind === "forget lineages") {
        await redis.del(lineagesKey);
        model.keepLined(0, 0);
      } else if (each.kind === "lose") {
        const [last] = await redis.xrevrange(journalKey, "+", "-", "COUNT", 1);
        if (last !== undefined) await redis.xdel(journalKey, last[0]);
        model.entries.pop();
      } else {
        await redis.xadd(journalKey, "*", "n", "older-version");
        model.entries.push(["n", "older-version"]);
      }
    }
    expect(proved.map(({ real }) => real)).toEqual(proved.map(({ modelled }) => modelled));
    expect(appended.map(({ real }) => real)).toEqual(appended.map(({ modelled }) => modelled));
  }

  const histories = fc.array(step, { minLength: 4, maxLength: 24 });

  it.each([
    { namedMax: allNames, seed: 27 },
    { namedMax: 12, seed: 28 },
  ])("have the proofs and the names of the model, of $namedMax entries", async (given) => {
    await fc.assert(
      fc.asyncProperty(histories, (steps) => play(steps, given.namedMax)),
      { seed: given.seed, numRuns: shareOf(800) },
    );
    expect(Math.min(...Object.values(proofCounts))).toBeGreaterThan(200);
    expect(listCounts.known).toBeGreaterThan(4 * listCounts.unknown);
  });
});
