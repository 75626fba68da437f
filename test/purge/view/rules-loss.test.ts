// Rules 16 to 18: a lagging replica, a trimmed journal, and a loss of entries.
import { describe, expect, it } from "vitest";
import { Isolate, newEntry } from "../../../testing/examples/purges.ts";

const red = (n = "red") => newEntry({ n, tags: ["tag:red"] });

/** Creates an isolate that has read two entries, and responses from before and after the second. */
async function informed() {
  const isolate = new Isolate();
  const { journal, clock, view } = isolate;
  journal.write(newEntry({ n: "first" }));
  const before = await isolate.filled();
  clock.advance(1);
  const second = journal.write(red());
  await isolate.renew();
  const after = await isolate.filled();
  journal.asked.length = 0;
  const judge = (stored = before) => isolate.judge(stored);
  const lose = (count = 1) => journal.stream.loseNewest(count, clock.atMs);
  const grow = (count: number) => {
    for (let at = 0; at < count; at += 1) journal.write(newEntry({ n: `later ${at}` }));
  };
  /** Appends an entry at the position of the second, or earlier by `behindMs`. */
  const appendAt = (fields: readonly string[], behindMs = 0) =>
    journal.stream.append(["v", "1", ...fields, "prefixes", "[]"], {
      atMs: clock.atMs,
      serverAtMs: Number(second.split("-")[0]) - behindMs,
    });
  const lostIn = () => view.tail.chain?.entries.map(({ lost }) => lost);
  const seen = { isolate, journal, clock, view, second, before, after };
  return { ...seen, judge, lose, grow, appendAt, lostIn };
}

type Informed = Awaited<ReturnType<typeof informed>>;
const appends = ["since", "atPrimary", "appendMark"];

describe("rule 16: a failed join is checked at the primary", () => {
  it("does not take a lagging replica for a loss, and renews the view", async () => {
    const { isolate, journal, clock, view, judge, before, after } = await informed();
    journal.write(newEntry({ n: "third" }));
    journal.replicaLagMs = 60_000;
    await isolate.renew();
    expect(journal.asked).toEqual(["since", "atPrimary"]);
    expect([judge(before), judge(after)]).toEqual(["hard", "usable"]);
    expect([view.tail.sentAtMs, view.tail.chain?.end.n]).toEqual([clock.atMs, "third"]);
  });

  it("starts the view again without a mark if more entries follow than it reads", async () => {
    const { isolate, journal, view, judge, before, after, grow } = await informed();
    grow(1_000);
    journal.replicaLagMs = 60_000;
    await isolate.renew();
    expect(view.tail.chain?.entries.length).toBe(1_000);
    expect([judge(before), judge(after)]).toEqual(["unverified", "unverified"]);
    expect(journal.asked).not.toContain("appendMark");
  });

  it.each(["atPrimary", "appendMark"] as const)(
    "leaves the view as it is, and ageing, if %s fails",
    async (name) => {
      const { isolate, journal, view, judge, after, lose } = await informed();
      const { sentAtMs } = view.tail;
      lose();
      journal.down = [name];
      await isolate.renew();
      expect([view.tail.sentAtMs, judge(after)]).toEqual([sentAtMs, "usable"]);
      await isolate.renew();
      expect(judge(after)).toBe("unverified");
      expect(journal.stream.items.length).toBe(1);
    },
  );
});

describe("rule 17: an entry that is gone at the primary", () => {
  it.each<{ id: string; lost: (world: Informed) => unknown; judged: readonly string[] }>([
    { id: "older entries remain", lost: ({ lose }) => lose(), judged: ["hard", "unverified"] },
    {
      id: "older entries remain, but not among the newest",
      lost: ({ lose, grow }) => [lose(), grow(1_000)],
      judged: ["unverified", "unverified"],
    },
    {
      id: "another entry has its position",
      lost: ({ lose, appendAt }) => [lose(), appendAt(["n", "anew", "tags", "[]"])],
      judged: ["hard", "unverified"],
    },
    {
      id: "no entries remain",
      lost: ({ lose }) => lose(Infinity),
      judged: ["unverified", "unverified"],
    },
    {
      id: "fewer newer entries remain than trimming leaves",
      lost: ({ journal, clock, lose, grow }) => {
        journal.keptCount = 3;
        clock.advance(30 * 86_400);
        lose(Infinity);
        grow(2);
      },
      judged: ["unverified", "unverified"],
    },
  ])("was lost if $id: the isolate appends a mark", async ({ lost, judged }) => {
    const world = await informed();
    const { isolate, journal, clock, judge, before, after, second, lostIn } = world;
    lost(world);
    await isolate.renew();
    expect(journal.asked).toEqual(appends);
    expect(lostIn()?.at(-1)).toBe(`${second} red`);
    expect([judge(before), judge(after), judge({ ...before, stamp: "none" })]).toEqual([
      ...judged,
      "hard",
    ]);
    const own = { ...after, colo: "HAM", requestedAtMs: clock.atMs };
    expect(isolate.judge(own, { colo: "HAM" })).toBe("unverified");
  });

  it("was lost also for isolates that had not read it: the mark reaches them", async () => {
    const { isolate, journal, clock, lose } = await informed();
    const other = new Isolate({ clock, journal });
    lose();
    const stored = await other.filled();
    await isolate.renew();
    await other.renew();
    expect(other.judge(stored)).toBe("hard");
  });

  it.each([
    { id: "the view's last entry", count: 1 },
    { id: "every entry", count: Infinity },
  ])("prevents a write from extending the view if $id was lost", async ({ count }) => {
    const { isolate, journal, clock, view, judge, after, lose } = await informed();
    const { end } = view.tail.chain!;
    const { sentAtMs } = view.tail;
    lose(count);
    clock.advance(1);
    const written = await view.tail.appendAndRead(end, red("written"));
    expect(written).toMatchObject({ kind: "appended", since: undefined });
    expect([view.tail.sentAtMs, view.tail.chain?.end]).toEqual([sentAtMs, end]);
    await isolate.renew();
    expect(journal.asked).toContain("appendMark");
    expect(judge(after)).toBe("unverified");
  });

  it("needs no second mark if a mark names this very loss", async () => {
    const { isolate, journal, clock, judge, lose } = await informed();
    const other = new Isolate({ clock, journal });
    await other.filled();
    lose();
    await other.renew();
    journal.asked.length = 0;
    await isolate.renew();
    expect(journal.asked).toEqual(["since", "atPrimary"]);
    expect(judge()).toBe("hard");
  });

  it("needs a mark of its own if a mark names another loss at the same position", async () => {
    const { isolate, judge, second, lose, appendAt, lostIn } = await informed();
    lose();
    const mark = ["mode", "hard", "n", "m", "tags", '["everything"]', "lost", `${second} red`];
    appendAt(mark, 500);
    await isolate.renew();
    const between = await isolate.filled();
    expect(appendAt(["n", "anew", "tags", '["tag:red"]'])).toBe(second);
    await isolate.renew();
    expect(judge(between)).toBe("hard");
    lose();
    await isolate.renew();
    expect(judge(between)).toBe("hard");
    expect(lostIn()?.at(-1)).toBe(`${second} anew`);
  });

  it("may get two marks, which do not purge newer responses", async () => {
    const { isolate, journal, clock, judge, lose } = await informed();
    const other = new Isolate({ clock, journal });
    await other.filled();
    lose();
    clock.advance(9);
    // Both read before either appends.
    for (const each of [isolate, other]) void each.view.renewIfDue(each.requester);
    await Promise.all([isolate.settle(), other.settle()]);
    expect(journal.asked.filter((name) => name === "appendMark").length).toBe(2);
    expect(judge()).toBe("hard");
    for (const each of [isolate, other]) {
      await each.renew();
      expect(each.judge(await each.filled())).toBe("usable");
    }
  });

  it.each([
    { id: "at the next renewal", renew: (isolate: Isolate) => isolate.renew() },
    { id: "in a read one second later", renew: ({ view }: Isolate) => view.tail.catchUp() },
  ])("was trimmed if as many newer entries remain as trimming leaves: $id", async ({ renew }) => {
    const { isolate, journal, clock, judge, before, after, grow, lostIn } = await informed();
    journal.keptCount = 3;
    clock.advance(1);
    grow(3);
    await renew(isolate);
    expect(journal.asked).toEqual(["since", "atPrimary"]);
    expect(lostIn()).toEqual(["", "", ""]);
    expect([judge(before), judge(after)]).toEqual(["unverified", "unverified"]);
    expect(judge(await isolate.filled())).toBe("usable");
  });
});

describe("rule 18: no view is empty", () => {
  it("appends a mark, which covers all earlier responses, to an empty journal", async () => {
    const isolate = new Isolate();
    const stored = await isolate.filled();
    expect(isolate.journal.asked).toEqual(["newest", "atPrimary", "appendMark"]);
    expect(isolate.view.tail.chain?.entries.map(({ lost }) => lost)).toEqual([""]);
    expect(isolate.judge(stored)).toBe("usable");
    expect(isolate.judge({ ...stored, stamp: "none" })).toBe("hard");
  });

  it("does not take an empty replica for an empty journal", async () => {
    const isolate = new Isolate();
    isolate.journal.write(newEntry({ n: "first" }));
    isolate.journal.replicaLagMs = 1_000;
    await isolate.filled();
    expect(isolate.journal.asked).toEqual(["newest", "atPrimary"]);
    expect(isolate.view.tail.chain?.end.n).toBe("first");
  });

  it("appends one mark for several isolates, and does not purge their new responses", async () => {
    const isolate = new Isolate();
    const { journal, clock } = isolate;
    const other = new Isolate({ clock, journal });
    const [stored] = await Promise.all([isolate.filled(), other.filled()]);
    expect(journal.asked.filter((name) => name === "appendMark").length).toBe(2);
    await isolate.renew();
    expect(isolate.view.tail.chain?.entries.length).toBe(1);
    expect([isolate.judge(stored), other.judge(stored)]).toEqual(["usable", "usable"]);
  });

  it.each(["newest", "atPrimary", "appendMark"] as const)(
    "begins no view if %s fails",
    async (name) => {
      const isolate = new Isolate();
      isolate.journal.down = [name];
      expect((await isolate.filled()).stamp).toBe("none");
      expect(isolate.view.tail.chain).toBe(undefined);
    },
  );
});
