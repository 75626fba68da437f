// What an isolate has accepted and not yet read, in every order in which it may come and go. On a
// view it is tried in overlay.test.ts.
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

describe("accepted purges cover whatever its stamp", () => {
  it.each([
    { id: "none", entries: [], stamp: stampAt("1-0"), mode: undefined },
    { id: "older", entries: [red("2-0")], stamp: stampAt("1-0"), mode: "hard" },
    { id: "of-no-stamp", entries: [red("2-0")], stamp: "none", mode: "hard" },
    {
      id: "of-a-position-that-is-newer",
      entries: [red("2-0")],
      stamp: stampAt("9-0"),
      mode: "hard",
    },
    {
      id: "filled-after-that-entry",
      entries: [red("2-0")],
      stamp: stampAt("2-0"),
      mode: undefined,
    },
    { id: "after-its-namesake", entries: [red("2-0")], stamp: stampAt("2-0", "x"), mode: "hard" },
    // The answer to the later of two may come first.
    { id: "between", entries: [red("3-0"), red("2-0")], stamp: stampAt("2-0"), mode: "hard" },
    { id: "after-both", entries: [red("3-0"), red("2-0")], stamp: stampAt("3-0"), mode: "hard" },
    { id: "soft", entries: [red("2-0", "soft")], stamp: "none", mode: "soft" },
    { id: "hard-first", entries: [red("2-0"), red("3-0", "soft")], stamp: "none", mode: "hard" },
    { id: "soft-first", entries: [red("2-0", "soft"), red("3-0")], stamp: "none", mode: "hard" },
  ] as const)("$id", ({ entries, stamp, mode }) => {
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

  it("up to a moment", () => {
    const purges = accepted(red("1-0"), red("2-0"), red("3-0"));
    purges.forgetUpTo(1);
    expect(purges.upTo(Infinity).map(({ n }) => n)).toEqual(["3-0"]);
  });

  it("and one that is written again counts once", () => {
    const other = entryAt("3-0", { tags: ["tag:other"] });
    const purges = accepted(red("1-0"), { ...red("2-0"), n: "1-0" }, other);
    expect(purges.upTo(Infinity).map(({ position }) => position)).toEqual(["2-0", "3-0"]);
    purges.forget("1-0");
    expect(purges.purgeOf(responseWith())?.mode).toBe(undefined);
  });
});

it("more than 4 MiB of them cover everything, and are still forgotten one by one", () => {
  const tags = Array.from({ length: 800 }, (_, at) => `tag:${at}`);
  const purges = new AcceptedPurges();
  for (let at = 0; at < 100; at += 1) purges.add(entryAt(`${at}-0`, { tags, mode: "soft" }), at);
  expect(purges.purgeOf(responseWith())?.mode).toBe("hard");
  expect(purges.upTo(Infinity).length).toBe(100);
  for (let at = 99; at > 0; at -= 1) purges.forget(`${at}-0`);
  expect(purges.purgeOf(responseWith())?.mode).toBe(undefined);
  expect(purges.purgeOf(responseWith({ tags: ["7"] }))?.mode).toBe("soft");
});
