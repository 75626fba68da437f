// Tests the seals of what Redis stores: what they cover, and what Tidemark does without a valid seal.
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Seal } from "../../../src/remote/redis/seal.ts";

const key = "vN2yqk7Rr0sWl1oXf8ZcUeB4tHpJmG6d9aQ3KxT5uVY=";
const nextKey = "0kQwX7dPz5nLr2YhT9sJbC4fVgM8eUa1iO6tRxWmKlA=";

function opened(...keys: string[]) {
  const flaws: string[] = [];
  return { flaws, seal: new Seal(keys, (...flaw) => flaws.push(flaw.join(" "))) };
}

describe("a seal", () => {
  it("is the first half of an HMAC-SHA-256 over kind, name and text", () => {
    const content = JSON.stringify(["record", "site:r:1", '{"é":1}']);
    const whole = createHmac("sha256", key).update(content).digest();
    const expected = whole.subarray(0, 16).toString("base64url");
    expect(opened(key).seal.of("record", "site:r:1", '{"é":1}')).toBe(expected);
  });

  it.each([
    { id: "another text", name: "a", text: "two", kind: "record" as const },
    { id: "another place", name: "b", text: "one", kind: "record" as const },
    { id: "another kind", name: "a", text: "one", kind: "entry" as const },
  ])("is not valid for $id", ({ kind, name, text }) => {
    const { seal, flaws } = opened(key);
    const made = seal.of("record", "a", "one");
    expect(seal.holds("record", "a", { text: "one", seal: made })).toBe(true);
    expect(seal.holds(kind, name, { text, seal: made })).toBe(false);
    expect(flaws).toEqual([`${kind} wrong`]);
  });

  it("is valid for each key in SEAL_KEY, and made by the first", () => {
    const [old, both, next] = [opened(key), opened(nextKey, key), opened(nextKey)];
    const made = both.seal.of("record", "a", "one");
    const checks = [old, both, next].map(({ seal }) =>
      seal.holds("record", "a", { text: "one", seal: made }),
    );
    expect(checks).toEqual([false, true, true]);
    const ofOld = old.seal.of("record", "a", "one");
    expect(both.seal.holds("record", "a", { text: "one", seal: ofOld })).toBe(true);
  });

  it("is the last member of JSON, also with spaces after it", () => {
    const { seal, flaws } = opened(key);
    const sealed = seal.inJson("record", "a", '{"one":1}');
    expect(Object.keys(JSON.parse(sealed) as object)).toEqual(["one", "seal"]);
    expect(seal.holdsInJson("record", "a", sealed.padEnd(sealed.length + 200))).toBe(true);
    expect(seal.holdsInJson("record", "a", sealed.replace("1", "2"))).toBe(false);
    expect(seal.holdsInJson("record", "a", '{"one":1}')).toBe(false);
    expect(seal.holdsInJson("record", "a", "")).toBe(false);
    expect(flaws).toEqual(["record wrong", "record missing", "record missing"]);
  });

  it("without a key, adds nothing and accepts everything", () => {
    const { seal, flaws } = opened();
    expect(seal.inJson("record", "a", "{}")).toBe("{}");
    expect(seal.of("entry", "a", "one")).toBe(undefined);
    expect(seal.holds("entry", "a", { text: "one", seal: undefined })).toBe(true);
    expect(seal.holdsInJson("record", "a", "{}")).toBe(true);
    expect(flaws).toEqual([]);
  });
});
