// Tests `tidemark journal`: the line for an entry, reading several pages, and `--follow`.
import { describe, expect, it } from "vitest";
import type { JournalEntry } from "../../../../src/protocol/answers.ts";
import { main } from "../../src/main.ts";
import { entryLine } from "../../src/commands/journal.ts";
import { operatorAt, operatorOf } from "../fakes/operator.ts";
import { operatorEnv } from "../fakes/site-as-fetch.ts";

const plain: JournalEntry = {
  position: "5-0",
  at: "2026-11-01T00:00:00.000Z",
  by: "admin",
  id: "",
  mode: "hard",
  reason: "",
};

const at = (position: string): JournalEntry => ({ ...plain, position });

/** Returns the query of a URL, with its question mark. */
const searchOf = (input: RequestInfo | URL) =>
  new URL(input instanceof Request ? input.url : input).search;

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

it("journal --after shows the later entries as lines of JSON, or that there are none", async () => {
  const { user } = await purged();
  const told = linesOf((await user.runs(["journal", "--json"])).out).map((line) =>
    JSON.parse(line),
  );
  expect(told).toHaveLength(3);
  const after = await user.runs(["journal", "--after", told[1].position, "--json"]);
  expect(linesOf(after.out).map((line) => JSON.parse(line))).toEqual([told[2]]);
  const none = await user.runs(["journal", "--after", told[2].position]);
  expect(none).toEqual({ code: 0, out: "", notes: "The journal has no such entries.\n" });
});

it("journal --after reads all pages", async () => {
  const pages = new Map([
    ["1-0", { entries: [at("2-0")], next: "2-0" }],
    ["2-0", { entries: [at("3-0")], next: null }],
  ]);
  const fetch: typeof globalThis.fetch = async (input) =>
    Response.json(pages.get(new URLSearchParams(searchOf(input)).get("after") ?? ""));
  const { out } = await (await operatorOf(fetch)).runs(["journal", "--after", "1-0"]);
  expect(linesOf(out)).toHaveLength(2);
});

/**
 * Runs `journal --follow` with these responses, and sends Ctrl-C in the pause after the last
 * response.
 */
async function follows(answers: readonly (() => Response)[]) {
  const questions: string[] = [];
  const fetch: typeof globalThis.fetch = async (input) => {
    questions.push(searchOf(input));
    const answer = answers[questions.length - 1];
    if (answer === undefined) throw new TypeError("There was one request too many.");
    return answer();
  };
  const pauses: number[] = [];
  const onSleep = (ms: number) => {
    pauses.push(ms);
    if (questions.length === answers.length) interrupt();
  };
  const user = await operatorOf(fetch, { onSleep });
  const { world, output, notes, interrupt } = user.world(["journal", "--follow"]);
  const code = await main(world);
  return { code, out: output.text, notes: notes.text, questions, pauses };
}

const page = (...positions: string[]) =>
  Response.json({ entries: positions.map((position) => at(position)), next: null });

describe("journal --follow", () => {
  it("requests new entries every 2 s until Ctrl-C, and exits with 0", async () => {
    const none = () => page();
    const ran = await follows([() => page("1-0"), none, () => page("2-0", "3-0"), none]);
    expect(ran).toMatchObject({ code: 0, notes: "", pauses: [2_000, 2_000, 2_000, 2_000] });
    expect(linesOf(ran.out)).toHaveLength(3);
    expect(ran.questions).toEqual([
      "?last=20",
      "?after=1-0&count=128",
      "?after=1-0&count=128",
      "?after=3-0&count=128",
    ]);
  });

  it("requests all entries after it found an empty journal", async () => {
    const ran = await follows([() => page(), () => page("1-0")]);
    expect(ran.questions[1]).toBe("?after=0&count=128");
  });

  it("continues after failures, and reports equal failures in succession once", async () => {
    const error = { code: "unavailable", what: "Away.", why: "W.", hint: "M." };
    const away = () => Response.json({ error }, { status: 503 });
    const cut = () => {
      throw new TypeError("fetch failed", { cause: new Error("cut") });
    };
    const answers = [() => page("1-0"), away, away, cut, away, () => page("2-0"), () => page()];
    const { code, out, notes } = await follows(answers);
    expect(code).toBe(0);
    expect(linesOf(out)).toHaveLength(2);
    expect(linesOf(notes).map((line) => line.split(".", 1)[0])).toEqual([
      "Away",
      expect.stringContaining("https://"),
      "Away",
      "The journal can be read again",
    ]);
  });

  it("exits with 1 if the first request fails", async () => {
    const { user } = await operatorAt();
    const env = { ...operatorEnv, TIDEMARK_TOKEN: "another-token" };
    expect((await user.runs(["journal", "--follow"], { env })).code).toBe(1);
  });
});
