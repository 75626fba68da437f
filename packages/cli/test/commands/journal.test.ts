// `tidemark journal`: its lines, its pages, and how it follows.
import { describe, expect, it } from "vitest";
import type { JournalEntry } from "../../../../src/protocol/answers.ts";
import { main } from "../../src/main.ts";
import { entryLine } from "../../src/journal/entry-line.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

const plain: JournalEntry = {
  position: "5-0",
  at: "2026-11-01T00:00:00.000Z",
  by: "admin",
  id: "",
  mode: "hard",
  reason: "",
};

const at = (position: string): JournalEntry => ({ ...plain, position });

/** What follows the question mark. */
const searchOf = (input: RequestInfo | URL) =>
  new URL(input instanceof Request ? input.url : input).search;

describe("an entry as a line", () => {
  it.each([
    { name: "tags", entry: { tags: ["a", "b"], urls: [] }, says: "admin  purges tags a, b" },
    {
      name: "several kinds, and a reason",
      entry: { urls: ["https://a.example/"], hosts: ["b.example"], reason: "wrong" },
      says: 'admin  purges urls https://a.example/; hosts b.example, reason "wrong"',
    },
    { name: "soft", entry: { mode: "soft", everything: true }, says: "makes stale everything" },
    { name: "a cache group", entry: { groups: ["g"] }, says: "purges groups g" },
    { name: "nothing", entry: { tags: [] }, says: "purges nothing" },
    {
      name: "a mark of a loss",
      entry: { by: "tidemark", lost: "4-0 n", everything: true },
      says: "marks that entries were lost after 4-0 n, and purges everything",
    },
    {
      name: "the beginning",
      entry: { by: "tidemark", everything: true },
      says: "marks where the journal begins, and purges everything",
    },
    { name: "the switch, all", entry: { bypass: true }, says: "switches everything to the origin" },
    { name: "the switch, off", entry: { bypass: false }, says: "switches back to the cache" },
    {
      name: "the switch, some",
      entry: { bypass: ["a", "b"] },
      says: "switches routes to the origin: a, b",
    },
  ])("$name", ({ entry, says }) => {
    const line = entryLine({ ...plain, ...entry });
    expect(line.startsWith("2026-11-01T00:00:00.000Z  5-0  ")).toBe(true);
    expect(line.endsWith(says)).toBe(true);
  });
});

async function purged() {
  const { site, fetch, asked } = openReached();
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  for (const tag of ["a", "b", "c"]) await user.runs(["purge", "--tag", tag]);
  asked.length = 0;
  return { site, user, asked };
}

const linesOf = (text: string) => text.trimEnd().split("\n");

it("shows the newest, the oldest of them first", async () => {
  const { user, asked } = await purged();
  const { code, out } = await user.runs(["journal", "--last", "2"]);
  expect(code).toBe(0);
  expect(linesOf(out).map((line) => line.slice(-6))).toEqual(["tags b", "tags c"]);
  expect(asked).toEqual(["GET /_cache/journal?last=2"]);
});

it("shows all after a position, a line of JSON each, and says so if there is none", async () => {
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

it("turns the pages to the end", async () => {
  const pages = new Map([
    ["1-0", { entries: [at("2-0")], next: "2-0" }],
    ["2-0", { entries: [at("3-0")], next: null }],
  ]);
  const fetch: typeof globalThis.fetch = async (input) =>
    Response.json(pages.get(new URLSearchParams(searchOf(input)).get("after") ?? ""));
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const { out } = await user.runs(["journal", "--after", "1-0"]);
  expect(linesOf(out)).toHaveLength(2);
});

it.each([
  { name: "both beginnings", args: ["--last", "2", "--after", "1-0"] },
  { name: "too many", args: ["--last", "129"] },
  { name: "none", args: ["--last", "0"] },
  { name: "no number", args: ["--last", "1e1"] },
  { name: "no position", args: ["--after", "yesterday"] },
])("refuses $name", async ({ args }) => {
  const { user, asked } = await purged();
  expect((await user.runs(["journal", ...args])).code).toBe(2);
  expect(asked).toEqual([]);
});

/** An answer to each question, and Ctrl-C in the pause after the last. */
async function follows(answers: readonly (() => Response)[], args: readonly string[] = []) {
  const questions: string[] = [];
  const fetch: typeof globalThis.fetch = async (input) => {
    questions.push(searchOf(input));
    const answer = answers[questions.length - 1];
    if (answer === undefined) throw new TypeError("There was one question too many.");
    return answer();
  };
  const pauses: number[] = [];
  const onSleep = (ms: number) => {
    pauses.push(ms);
    if (questions.length === answers.length) interrupt();
  };
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const { world, output, notes, interrupt } = user.world(["journal", "--follow", ...args], {
    onSleep,
  });
  const code = await main(world);
  return { code, out: output.text, notes: notes.text, questions, pauses };
}

const page = (...positions: string[]) =>
  Response.json({ entries: positions.map((position) => at(position)), next: null });

describe("--follow", () => {
  it("asks every 2 s for what came since, until Ctrl-C, which is no failure", async () => {
    const ran = await follows([
      () => page("1-0"),
      () => page(),
      () => page("2-0", "3-0"),
      () => page(),
    ]);
    expect(ran).toMatchObject({ code: 0, notes: "", pauses: [2_000, 2_000, 2_000, 2_000] });
    expect(linesOf(ran.out)).toHaveLength(3);
    expect(ran.questions).toEqual([
      "?last=20",
      "?after=1-0&count=128",
      "?after=1-0&count=128",
      "?after=3-0&count=128",
    ]);
  });

  it("begins with the first entry of a journal that is empty", async () => {
    const ran = await follows([() => page(), () => page("1-0")]);
    expect(ran.questions[1]).toBe("?after=0&count=128");
  });

  it("goes on after questions that fail, and tells it once for each way", async () => {
    const away = () =>
      Response.json(
        { error: { code: "unavailable", what: "Away.", why: "W.", hint: "M." } },
        { status: 503 },
      );
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

  it("fails where the first question fails", async () => {
    const user = await FakeUser.at({
      fetch: openReached().fetch,
      env: { ...operatorEnv, TIDEMARK_TOKEN: "another-token" },
    });
    expect((await user.runs(["journal", "--follow"])).code).toBe(1);
  });
});
