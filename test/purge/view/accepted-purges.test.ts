// Purges that an isolate has accepted but not read, in any order. overlay.test.ts tests them in a
// view.
import { describe, expect, it } from "vitest";
import { AcceptedPurges } from "../../../src/purge/view/accepted-purges.ts";
import { entryAt, responseWith, stampAt } from "../../../testing/examples/purges.ts";

const red = (position: string, mode: "hard" | "soft" = "hard") =>
  entryAt(position, { tags: ["tag:red"], prefixes: ["/a/"], mode });

function accepted(...entries: readonly ReturnType<typeof entryAt>[]): AcceptedPurges {
  const purges = new AcceptedPurges();
  for (const [atMs, entry] of entries.entries()) purges.add(entry, atMs);
  return purges;
}

describe("accepted purges cover responses with any stamp but their own", () => {
  const one = [red("2-0")];
  // The answer to the later of two appends may come first.
  const two = [red("3-0"), red("2-0")];
  it.each([
    { id: "no purge", entries: [], stamp: stampAt("1-0"), mode: undefined },
    { id: "older stamp", entries: one, stamp: stampAt("1-0"), mode: "hard" },
    { id: "no stamp", entries: one, stamp: "none", mode: "hard" },
    { id: "newer stamp", entries: one, stamp: stampAt("9-0"), mode: "hard" },
    { id: "its own place", entries: one, stamp: stampAt("2-0"), mode: undefined },
    { id: "its position, another n", entries: one, stamp: stampAt("2-0", "x"), mode: "hard" },
    { id: "between two", entries: two, stamp: stampAt("2-0"), mode: "hard" },
    { id: "the later of two", entries: two, stamp: stampAt("3-0"), mode: "hard" },
    { id: "soft", entries: [red("2-0", "soft")], stamp: "none", mode: "soft" },
    { id: "hard first", entries: [red("2-0"), red("3-0", "soft")], stamp: "none", mode: "hard" },
    { id: "soft first", entries: [red("2-0", "soft"), red("3-0")], stamp: "none", mode: "hard" },
  ] as const)("$id: $mode", ({ entries, stamp, mode }) => {
    expect(accepted(...entries).purgeOf(responseWith({ stamp }))?.mode).toBe(mode);
  });
});

describe("accepted purges are forgotten", () => {
  it("one by one, in any order", () => {
    const purges = accepted(red("1-0"), red("2-0", "soft"), red("3-0"));
    const modes = ["3-0", "1-0", "2-0", "2-0"].map((n) => {
      purges.forget(n);
      return purges.purgeOf(responseWith())?.mode;
    });
    expect(modes).toEqual(["hard", "soft", undefined, undefined]);
    expect(purges.upTo(Infinity)).toEqual([]);
  });

  it("up to a time", () => {
    const purges = accepted(red("1-0"), red("2-0"), red("3-0"));
    purges.forgetUpTo(1);
    expect(purges.upTo(Infinity).map(({ n }) => n)).toEqual(["3-0"]);
  });

  it("by one call if they were added twice", () => {
    const other = entryAt("3-0", { tags: ["tag:other"] });
    const purges = accepted(red("1-0"), { ...red("2-0"), n: "1-0" }, other);
    expect(purges.upTo(Infinity).map(({ position }) => position)).toEqual(["2-0", "3-0"]);
    purges.forget("1-0");
    expect(purges.purgeOf(responseWith())?.mode).toBe(undefined);
  });

  it("one by one, although those beyond 4 MiB cover everything", () => {
    const tags = Array.from({ length: 800 }, (_, at) => `tag:${at}`);
    const purges = new AcceptedPurges();
    for (let at = 0; at < 100; at += 1) purges.add(entryAt(`${at}-0`, { tags, mode: "soft" }), at);
    expect(purges.purgeOf(responseWith())?.mode).toBe("hard");
    expect(purges.upTo(Infinity).length).toBe(100);
    for (let at = 99; at > 0; at -= 1) purges.forget(`${at}-0`);
    expect(purges.purgeOf(responseWith())?.mode).toBe(undefined);
    expect(purges.purgeOf(responseWith({ tags: ["7"] }))?.mode).toBe("soft");
  });
});
