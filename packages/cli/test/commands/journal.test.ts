// Tests `tidemark journal`: the line for an entry, and which entries it shows.
import { describe, expect, it } from "vitest";
import type { JournalEntry } from "../../../../src/protocol/answers.ts";
import { entryLine } from "../../src/commands/journal.ts";
import { operatorAt, operatorTold } from "../fakes/operator.ts";

const plain: JournalEntry = {
  position: "5-0",
  at: "2026-11-01T00:00:00.000Z",
  by: "admin",
  id: "",
  mode: "hard",
  reason: "",
};

describe("the line for a journal entry", () => {
  it.each([
    ["tags", { tags: ["a", "b"], urls: [] }, "admin  purges tags a, b"],
    [
      "targets of several kinds, and a reason",
      { urls: ["https://a.example/"], hosts: ["b.example"], reason: "wrong" },
      'admin  purges urls https://a.example/; hosts b.example, reason "wrong"',
    ],
    ["a soft purge of everything", { mode: "soft", everything: true }, "makes stale everything"],
    ["a cache group", { groups: ["g"] }, "purges groups g"],
    ["a purge without targets", { tags: [] }, "purges nothing"],
    [
      "a mark after a loss of entries",
      { by: "tidemark", lost: "4-0 n", everything: true },
      "marks that entries were lost after 4-0 n, and purges everything",
    ],
    [
      "the mark at the beginning",
      { by: "tidemark", everything: true },
      "marks where the journal begins, and purges everything",
    ],
    ["the switch, turned on for all routes", { bypass: true }, "switches everything to the origin"],
    ["the switch, turned off", { bypass: false }, "switches back to the cache"],
    [
      "the switch, turned on for two routes",
      { bypass: ["a", "b"] },
      "switches routes to the origin: a, b",
    ],
  ])("shows %s", (_name, entry, says) => {
    const line = entryLine({ ...plain, ...entry });
    expect(line.startsWith("2026-11-01T00:00:00.000Z  5-0  ")).toBe(true);
    expect(line.endsWith(says)).toBe(true);
  });
});

it("the line for a journal entry with an invalid time says so", () => {
  expect(entryLine({ ...plain, at: null })).toMatch(/^at an invalid time {2}5-0 /);
});

async function purged() {
  const { user, asked } = await operatorAt();
  for (const tag of ["a", "b", "c"]) await user.runs(["purge", "--tag", tag]);
  asked.length = 0;
  return { user, asked };
}

const linesOf = (text: string) => text.trimEnd().split("\n");

it("journal --last shows the newest entries in order", async () => {
  const { user, asked } = await purged();
  const { code, out } = await user.runs(["journal", "--last", "2"]);
  expect(code).toBe(0);
  expect(linesOf(out).map((line) => line.slice(-6))).toEqual(["tags b", "tags c"]);
  expect(asked).toEqual(["GET /_cache/journal?last=2"]);
});

it("journal --json prints a line of JSON for each entry", async () => {
  const { user } = await purged();
  const lines = linesOf((await user.runs(["journal", "--json"])).out);
  expect(lines.map((line) => JSON.parse(line).tags)).toEqual([["a"], ["b"], ["c"]]);
});

it("journal says on stderr that there are no entries", async () => {
  const none = { code: 0, out: "", notes: "The journal has no entries.\n" };
  const user = await operatorTold({ entries: [], next: null });
  expect(await user.runs(["journal"])).toEqual(none);
});
