// Tests the share of each Durable Object in the keys, and what moves when an object is added or removed.
import { describe, expect, it } from "vitest";
import { NameSecret, RecordKey } from "../../src/cache/record/record-key.ts";
import { Spread } from "../../src/stores/spread.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

const nameOf = (nth: number) => `object ${nth}`;

describe("the share of an object", () => {
  const keys = Array.from({ length: 6_000 }, (_, nth) => new RecordKey(`GET /${nth}`, "a.example"));
  const ofObjects = async (...numbers: readonly [number, ...number[]]) => {
    const [first, ...others] = numbers.map((nth) => [nameOf(nth), nth] as const);
    const spread = new Spread([first ?? [nameOf(0), 0], ...others], nameSecret);
    return Promise.all(keys.map((key) => spread.of(key)));
  };

  it("depends on the secret, so no client can compute which keys share an object", async () => {
    const places = ["one text", "another text"].map(async (text) => {
      const spread = new Spread(
        [
          [nameOf(0), 0],
          [nameOf(1), 1],
        ],
        new NameSecret("site", text),
      );
      return Promise.all(keys.slice(0, 1_000).map((key) => spread.of(key)));
    });
    const [one = [], other = []] = await Promise.all(places);
    const sameCount = one.filter((part, at) => part === other[at]).length;
    expect(sameCount).toBeGreaterThan(400);
    expect(sameCount).toBeLessThan(600);
  });

  it("is about the same for each", async () => {
    const chosen = await ofObjects(0, 1, 2, 3);
    for (const nth of [0, 1, 2, 3]) {
      const share = chosen.filter((one) => one === nth).length / keys.length;
      expect(share).toBeGreaterThan(0.22);
      expect(share).toBeLessThan(0.28);
    }
  });

  it("is the same in any order of the objects", async () => {
    expect(await ofObjects(3, 0, 2, 1)).toEqual(await ofObjects(0, 1, 2, 3));
  });

  it("is all that moves to an object that is added, or from one that is removed", async () => {
    const [three, four] = [await ofObjects(0, 1, 2), await ofObjects(0, 1, 2, 3)];
    const moved = four.filter((one, at) => one !== three[at]);
    expect(new Set(moved)).toEqual(new Set([3]));
    expect(moved.length / keys.length).toBeLessThan(0.28);
  });
});
