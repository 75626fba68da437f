// Records in memory get newer stamps before the chain drops the entries that their stamps name.
import { expect, it } from "vitest";
import { Chain } from "../../../src/purge/view/chain.ts";
import { Restamper } from "../../../src/purge/view/restamper.ts";
import { entryAt, responseWith, stampAt } from "../../../testing/examples/purges.ts";

const known = stampAt("1-0");

/** Begins a pass over these records. The pass ends with the second entry after its beginning. */
function begun(records: readonly ReturnType<typeof responseWith>[]) {
  const chain = new Chain([entryAt("1-0")], { entriesMax: 8, bytesMax: Infinity });
  const restamper = new Restamper(chain, () => records);
  const advance = (position: string, tags: string[] = []) => {
    chain.append([entryAt(position, { tags })]);
    restamper.advance();
  };
  advance("2-0");
  return advance;
}

const positionsOf = (records: readonly ReturnType<typeof responseWith>[]) =>
  records.map(({ stamp }) => (stamp === "none" ? "none" : stamp.position));

it("a pass visits each record once, half of them after half of its entries", () => {
  const records = Array.from({ length: 4 }, () => responseWith({ stamp: known }));
  const advance = begun(records);
  expect(positionsOf(records)).toEqual(["1-0", "1-0", "1-0", "1-0"]);
  advance("3-0");
  expect(positionsOf(records)).toEqual(["3-0", "3-0", "1-0", "1-0"]);
  advance("4-0");
  expect(positionsOf(records)).toEqual(["3-0", "3-0", "4-0", "4-0"]);
  advance("5-0");
  expect(positionsOf(records)).toEqual(["5-0", "5-0", "4-0", "4-0"]);
});

it.each([
  { id: "a purge covers it", stamp: known, tags: ["red"] },
  { id: "the chain does not know its stamp", stamp: stampAt("0-9"), tags: [] },
  { id: "both", stamp: stampAt("0-9"), tags: ["red"] },
])("a record keeps its stamp if $id", ({ stamp, tags }) => {
  const record = responseWith({ stamp, tags });
  const advance = begun([record]);
  advance("3-0", ["tag:red"]);
  expect(record.stamp).toEqual(stamp);
});
