// Rule 27 (e and f): which stamps an isolate's epochs verify, and which epochs it reads.
import { beforeEach, describe, expect, it } from "vitest";
import { namesOf } from "../../../src/purge/journal/target-names.ts";
import type { Entry } from "../../../src/purge/journal/entry.ts";
import { type Epoch, epochOf, epochSize, lineageText } from "../../../src/purge/journal/epoch.ts";
import { userTag } from "../../../src/purge/journal/purge-target.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { EpochWindow } from "../../../src/purge/view/epoch-window.ts";
import { entryAt, responseWith } from "../../../testing/examples/purges.ts";

/** Returns the entry of a number, and of a history, with a tag of its own. */
function entryOf(number: number, history = 1): Entry {
  const n = `n.${number}.${1_000_000 * history + number}`;
  return entryAt(`${number}-0`, { n, tags: [userTag(`t${number}`)] });
}

/** Returns the epoch of these entries as stored. */
function epochOfEntries(numbers: readonly number[], history = 1): Epoch {
  const lines = numbers.map((number) => lineageText(1_000_000 * history + number));
  const lists = numbers.map((number) => {
    const names = namesOf(entryOf(number).targets);
    return `${names.map((name) => name.slice(0, 5)).join("")},`;
  });
  return { lineages: lines.join(""), names: `${lines.at(-1)}${lists.join("")}` };
}

const numbersIn = (epoch: number, count = epochSize) =>
  Array.from({ length: count }, (_, at) => epoch * epochSize + at + 1);

/** Returns whole epochs, and a last one with this number of entries. */
const epochsTo = (last: number, count = epochSize, history = 1) =>
  Array.from({ length: last + 1 }, (_, epoch) =>
    epochOfEntries(numbersIn(epoch, epoch === last ? count : epochSize), history),
  );

const chainOf = (from: number, to: number, history = 1) =>
  new Chain(Array.from({ length: to - from + 1 }, (_, at) => entryOf(from + at, history)));

/** Returns a record with the stamp of an entry. */
const recordAt = (number: number, tags: readonly string[] = ["red"], history = 1) => {
  const { position, n } = entryOf(number, history);
  return responseWith({ stamp: { position, n }, tags: [...tags] });
};

describe("rule 27 (f): a window of epochs", () => {
  let window: EpochWindow;
  /** The entries 1 to 200 are in epochs 0 to 3, and the last 50 in the chain. */
  const chain = chainOf(151, 200);

  beforeEach(() => {
    window = new EpochWindow();
    window.take(0, epochsTo(3, 11));
  });

  const verified = (number: number, ...rest: [tags?: readonly string[], history?: number]) =>
    window.verifiedUpTo(recordAt(number, ...rest), chain)?.position;

  it("verifies a record up to the chain's last entry, unless a later entry names it", () => {
    expect([1, 100, 199].map((number) => verified(number))).toEqual(["200-0", "200-0", "200-0"]);
    expect([99, 100, 101].map((number) => verified(number, ["t100"]))).toEqual([
      undefined,
      "200-0",
      "200-0",
    ]);
    expect(verified(100, ["t180"])).toBe(undefined);
  });

  it("does not verify a stamp of another history, the chain's end, or a later or empty stamp", () => {
    expect(verified(100, ["red"], 2)).toBe(undefined);
    expect([200, 201].map((number) => verified(number))).toEqual([undefined, undefined]);
    expect(window.verifiedUpTo(responseWith({ stamp: "none" }), chain)).toBe(undefined);
  });

  it("verifies up to its own last entry if the chain has later ones, and nothing behind a gap", () => {
    const verifiedIn = (later: Chain) => window.verifiedUpTo(recordAt(100), later)?.position;
    expect(verifiedIn(chainOf(151, 300))).toBe("200-0");
    expect(verifiedIn(chainOf(200, 300))).toBe("200-0");
    expect(verifiedIn(chainOf(201, 300))).toBe(undefined);
    expect(verifiedIn(chainOf(151, 300, 2))).toBe(undefined);
  });

  it("reads the epochs between its last entry and the chain, and then verifies up to the end", () => {
    const later = chainOf(300, 320);
    expect(window.lacking(entryOf(100), later)).toEqual({ first: 3, last: 5 });
    expect(window.take(3, epochsTo(5, 5).slice(3))).toBe(true);
    expect(window.verifiedUpTo(recordAt(100), later)?.position).toBe("320-0");
    expect(window.lacking(entryOf(100), later)).toBe(undefined);
  });

  it("knows the names of its former first entry once it has older ones", () => {
    window = new EpochWindow();
    window.take(1, epochsTo(3, 11).slice(1));
    expect([verified(64, ["t64"]), verified(63)]).toEqual(["200-0", undefined]);
    expect(window.take(0, epochsTo(1))).toBe(true);
    expect([verified(63), verified(63, ["t64"])]).toEqual(["200-0", undefined]);
  });

  it("is replaced by epochs of another history", () => {
    const other = chainOf(300, 320, 2);
    expect(window.take(3, epochsTo(5, 5, 2).slice(3))).toBe(true);
    expect(window.verifiedUpTo(recordAt(100), other)).toBe(undefined);
    expect(window.verifiedUpTo(recordAt(250, ["red"], 2), other)?.position).toBe("320-0");
  });

  it("does not use a newest epoch that lacks the names of an entry", () => {
    const { lineages, names } = epochOfEntries(numbersIn(3, 11));
    const partial = { lineages, names: names.replace(/^(.{8}).*?,/, "$1") };
    const other = new EpochWindow();
    other.take(0, [...epochsTo(2), partial]);
    expect(other.verifiedUpTo(recordAt(100), chain)?.position).toBe("189-0");
  });

  it("does not shrink by the reply of a lagging replica", () => {
    expect(window.take(3, [epochOfEntries(numbersIn(3, 5))])).toBe(false);
    expect(verified(100)).toBe("200-0");
  });

  it("stays within its bounds, and then verifies only newer stamps", () => {
    const last = 131_072 / epochSize + 300;
    for (let first = 3; first < last; first += 200) {
      const epochs = Array.from({ length: 201 }, (_, at) => epochOfEntries(numbersIn(first + at)));
      expect(window.take(first, epochs)).toBe(true);
    }
    const end = (Math.floor((last - 3) / 200) * 200 + 204) * epochSize;
    const newest = chainOf(end - 10, end);
    const verifiedAt = (number: number) =>
      window.verifiedUpTo(recordAt(number), newest)?.position !== undefined;
    expect([end - 90_000, end - 140_000, 100].map(verifiedAt)).toEqual([true, false, false]);
    expect(window.lacking(entryOf(100), newest)).toBe(undefined);
  });
});

describe("rule 27 (f): epochs that prove nothing", () => {
  const chain = chainOf(180, 200);
  const [first, second, third, last] = epochsTo(3, 11) as [Epoch, Epoch, Epoch, Epoch];
  const cut = ({ lineages, names }: Epoch) => ({ lineages, names: names.slice(0, -6) });
  const lists = second.names.split(",");
  const unknown = { ...second, names: [...lists.slice(0, 9), "?", ...lists.slice(10)].join(",") };

  it.each<{ id: string; epochs: readonly (Epoch | undefined)[]; from: number | undefined }>([
    { id: "all are whole", epochs: [first, second, third, last], from: 1 },
    { id: "one is absent", epochs: [first, undefined, third, last], from: 127 },
    { id: "one is partial", epochs: [first, cut(second), third, last], from: 127 },
    { id: "one has unknown names", epochs: [first, unknown, third, last], from: 73 },
    {
      id: "one lacks entries",
      epochs: [first, epochOfEntries(numbersIn(1, 62)), third, last],
      from: 127,
    },
    {
      id: "the names of one are of another history",
      epochs: [first, { ...second, names: epochsTo(1, 63, 2)[1]?.names ?? "" }, third, last],
      from: 127,
    },
    { id: "the last is absent", epochs: [first, second, third, undefined], from: 1 },
    {
      id: "the last two are absent",
      epochs: [first, second, undefined, undefined],
      from: undefined,
    },
    { id: "all are absent", epochs: [undefined, undefined, undefined, undefined], from: undefined },
  ])("stamps are verified from entry $from on if $id", ({ epochs, from }) => {
    const window = new EpochWindow();
    window.take(0, epochs);
    const isVerified = (number: number) =>
      window.verifiedUpTo(recordAt(number), chain) !== undefined;
    const numbers = Array.from({ length: 180 }, (_, at) => at + 1);
    expect(numbers.find(isVerified)).toBe(from);
  });
});

describe("rule 27 (e): the epochs to read", () => {
  const chain = chainOf(63_000, 63_063);

  it("begin with that of the stamp, or with the newest 64", () => {
    const window = new EpochWindow();
    const lackingFor = (number: number) => window.lacking(entryOf(number), chain);
    expect(lackingFor(62_900)).toEqual({ first: epochOf(62_900), last: 1_000 });
    expect(lackingFor(100)).toEqual({ first: 937, last: 1_000 });
    expect(lackingFor(63_100)).toBe(undefined);
    expect(window.lacking({ position: "1-0", n: "older" }, chain)).toBe(undefined);
  });

  it("then end with the oldest that the window has", () => {
    const window = new EpochWindow();
    const epochs = Array.from({ length: 256 }, (_, at) => epochOfEntries(numbersIn(745 + at)));
    expect(window.take(745, epochs)).toBe(true);
    expect(window.lacking(entryOf(100), chain)).toEqual({ first: 490, last: 745 });
    expect(window.lacking(entryOf(50_000), chain)).toBe(undefined);
  });
});
