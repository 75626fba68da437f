// Tests how records are written to tiers and removed from tiers.
import { expect, it } from "vitest";
import { writeToTiers, removeFromTiers } from "../../src/cache/write-tiers.ts";
import { RecordKey } from "../../src/cache/record/record-key.ts";
import type { TierKeep, TierRemoval, TierWrite } from "../../src/cache/tiers/tier.ts";

type Name = "memory" | "edge" | "shared";

const [page, marker] = [new RecordKey("page", "a.example"), new RecordKey("marker", "a.example")];
const how: Omit<TierKeep, "untilAtMs"> = { atMs: 1_000, body: "new" };

/** A tier of numbers. A test sets the results of its writes and removals. */
class NumberTier {
  readonly name: Name;
  readonly done: string[];
  readonly #says: TierWrite | Promise<TierWrite>;
  readonly #removal: TierRemoval;

  constructor(
    name: Name,
    done: string[],
    says: TierWrite | Promise<TierWrite> = { kind: "kept" },
    removal: TierRemoval = "removed",
  ) {
    this.name = name;
    this.done = done;
    this.#says = says;
    this.#removal = removal;
  }

  write({ text }: RecordKey, record: number, { untilAtMs }: TierKeep) {
    this.done.push(`${this.name} ${text}=${record} until ${untilAtMs}`);
    return this.#says;
  }

  async remove({ text, host }: RecordKey): Promise<TierRemoval> {
    this.done.push(`${this.name} ${text} at ${host}`);
    return this.#removal;
  }
}

const records = [
  { key: page, record: 1, untilAtMs: 5_000 },
  { key: marker, record: 2, untilAtMs: 9_000 },
];

it("`writeToTiers` begins all writes in the order of tiers and records, without waiting", () => {
  const done: string[] = [];
  const tiers = [new NumberTier("memory", done), new NumberTier("edge", done)];
  void writeToTiers(records, tiers, how);
  expect(done).toEqual([
    "memory page=1 until 5000",
    "memory marker=2 until 9000",
    "edge page=1 until 5000",
    "edge marker=2 until 9000",
  ]);
});

it("`writeToTiers` writes a record for the colo only to the edge tier", async () => {
  const done: string[] = [];
  const tiers = [new NumberTier("memory", done), new NumberTier("edge", done)];
  await writeToTiers([{ key: page, record: 1, untilAtMs: 5, onlyIn: "colo" }], tiers, how);
  expect(done).toEqual(["edge page=1 until 5"]);
});

it("`writeToTiers` returns the result of each write when all writes are over", async () => {
  const { promise, resolve } = Promise.withResolvers<TierWrite>();
  const tiers = [
    new NumberTier("memory", [], { kind: "refused", rule: "too-large" }),
    new NumberTier("edge", [], promise),
    new NumberTier("shared", [], { kind: "unavailable", cause: "away" }),
  ];
  const keeping = writeToTiers(records.slice(0, 1), tiers, how);
  resolve({ kind: "kept" });
  expect(await keeping).toEqual([
    { tier: "memory", key: page, result: "too-large" },
    { tier: "edge", key: page, result: "kept" },
    { tier: "shared", key: page, result: "unavailable" },
  ]);
});

it("`removeFromTiers` returns unavailable tiers, and removes records from other tiers", async () => {
  const done: string[] = [];
  const memory = new NumberTier("memory", done);
  const shared = new NumberTier("shared", done, { kind: "kept" }, "unavailable");
  const edge = new NumberTier("edge", done);
  const removing = removeFromTiers([
    [memory, page],
    [shared, page],
    [edge, new RecordKey("page", "b.example")],
  ]);
  expect(done).toEqual([
    "memory page at a.example",
    "shared page at a.example",
    "edge page at b.example",
  ]);
  expect(await removing).toEqual(["shared"]);
});
