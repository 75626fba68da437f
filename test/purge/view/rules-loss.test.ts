// Rules 16 to 18: a replica that lags, a journal that was trimmed, and one that has lost entries.
import { describe, expect, it } from "vitest";
import { Isolate, newEntry } from "../../../testing/examples/purges.ts";

const red = (n = "red") => newEntry({ n, tags: ["tag:red"] });

/** Has read two entries, the second a purge, and holds a response from before and one from after. */
async function informed() {
  const isolate = new Isolate();
  const first = isolate.journal.write(newEntry({ n: "first" }));
  const before = await isolate.filled();
  isolate.clock.advance(1);
  const second = isolate.journal.write(red());
  await isolate.renew();
  const after = await isolate.filled();
  isolate.journal.asked.length = 0;
  const { journal, clock } = isolate;
  return { isolate, journal, clock, first, second, before, after };
}

const lostBy = (isolate: Isolate) => isolate.view.chain?.entries.map(({ lost }) => lost);

describe("rule 16: a failed join is checked at the primary", () => {
  it("a replica that lags is no loss, and the check is the refresh", async () => {
    const { isolate, journal, clock, before, after } = await informed();
    journal.write(newEntry({ n: "third" }));
    journal.replicaLagMs = 60_000;
    await isolate.renew();
    expect(journal.asked).toEqual(["since", "atPrimary"]);
    expect([isolate.judge(before), isolate.judge(after)]).toEqual(["hard", "usable"]);
    expect([isolate.view.sentAtMs, isolate.view.chain?.end.n]).toEqual([clock.atMs, "third"]);
  });

  it("also where more than what is newest lies between", async () => {
    const { isolate, journal, before, after } = await informed();
    for (let at = 0; at < 1_000; at += 1) journal.write(newEntry({ n: `${at}` }));
    journal.replicaLagMs = 60_000;
    await isolate.renew();
    expect(isolate.view.chain?.entries.length).toBe(1_000);
    expect([isolate.judge(before), isolate.judge(after)]).toEqual(["unverified", "unverified"]);
    expect(journal.asked).not.toContain("appendMark");
  });

  it("a failed check is a failed refresh", async () => {
    const { isolate, journal, clock, after } = await informed();
    const { sentAtMs } = isolate.view;
    journal.stream.loseNewest(1, clock.atMs);
    journal.down = ["atPrimary"];
    await isolate.renew();
    expect([isolate.view.sentAtMs, isolate.judge(after)]).toEqual([sentAtMs, "usable"]);
    await isolate.renew();
    expect(isolate.judge(after)).toBe("unverified");
    expect(journal.asked).not.toContain("appendMark");
  });
});

describe("rule 17: a position that is gone at the primary", () => {
  it("with older entries there is a loss, which is marked", async () => {
    const { isolate, journal, clock, before, after, second } = await informed();
    journal.stream.loseNewest(1, clock.atMs);
    await isolate.renew();
    expect(journal.asked).toEqual(["since", "atPrimary", "appendMark"]);
    expect([isolate.judge(before), isolate.judge({ ...before, stamp: "none" })]).toEqual([
      "hard",
      "hard",
    ]);
    expect(isolate.judge(after)).toBe("unverified");
    expect(lostBy(isolate)).toEqual(["", `${second} red`]);
  });

  it("reaches everybody who had not read what was lost", async () => {
    const { isolate, journal, clock } = await informed();
    const other = new Isolate({ clock, journal });
    journal.stream.loseNewest(1, clock.atMs);
    const stored = await other.filled();
    await isolate.renew();
    await other.renew();
    expect(other.judge(stored)).toBe("hard");
  });

  it("so does an empty journal", async () => {
    const { isolate, journal, clock, before, after } = await informed();
    journal.stream.loseAll(clock.atMs);
    await isolate.renew();
    expect(journal.asked).toContain("appendMark");
    expect([isolate.judge(before), isolate.judge(after)]).toEqual(["unverified", "unverified"]);
    expect(
      isolate.judge({ ...after, colo: "HAM", requestedAtMs: clock.atMs }, { colo: "HAM" }),
    ).toBe("unverified");
  });

  it.each([
    { id: "gone", lose: 1 },
    { id: "gone with all others", lose: Infinity },
  ])(
    "what is written through where the view's end is $id vouches for nothing",
    async ({ lose }) => {
      const { isolate, journal, clock, after } = await informed();
      const { view } = isolate;
      const { end } = view.chain!;
      const { sentAtMs } = view;
      journal.stream.loseNewest(lose, clock.atMs);
      clock.advance(1);
      const written = await view.follower.appendAndRead(end, red("written"));
      expect(written).toMatchObject({ kind: "appended", since: undefined });
      expect([view.sentAtMs, view.chain?.end]).toEqual([sentAtMs, end]);
      await isolate.renew();
      expect(journal.asked).toContain("appendMark");
      expect(isolate.judge(after)).toBe("unverified");
    },
  );

  it("also where the older ones are not among the newest", async () => {
    const { isolate, journal, clock, before, first } = await informed();
    journal.stream.loseNewest(1, clock.atMs);
    for (let at = 0; at < 1_000; at += 1) journal.write(newEntry({ n: `${at}` }));
    expect(journal.stream.items[0]?.id).toBe(first);
    await isolate.renew();
    expect(journal.asked).toContain("appendMark");
    expect(isolate.judge(before)).not.toBe("usable");
  });

  it("also where another entry was given the same ID", async () => {
    const { isolate, journal, clock, before, second } = await informed();
    journal.stream.loseNewest(1, clock.atMs);
    const [ms = ""] = second.split("-");
    journal.stream.append(["v", "1", "n", "anew", "tags", "[]", "prefixes", "[]"], {
      atMs: clock.atMs,
      serverAtMs: Number(ms),
    });
    expect(journal.stream.items.at(-1)?.id).toBe(second);
    await isolate.renew();
    expect(journal.asked).toContain("appendMark");
    expect(isolate.judge(before)).toBe("hard");
  });

  it("a mark that names it is taken over instead of a second one", async () => {
    const { isolate, journal, clock, before } = await informed();
    const other = new Isolate({ clock, journal });
    await other.filled();
    journal.stream.loseNewest(1, clock.atMs);
    await other.renew();
    journal.asked.length = 0;
    await isolate.renew();
    expect(journal.asked).toEqual(["since", "atPrimary"]);
    expect(isolate.judge(before)).toBe("hard");
  });

  it("a mark of another loss does not do, not even of one at the same position", async () => {
    const { isolate, journal, clock, second } = await informed();
    const behind = { atMs: clock.atMs, serverAtMs: Number(second.split("-")[0]) - 500 };
    journal.stream.loseNewest(1, clock.atMs);
    const mark = ["v", "1", "mode", "hard", "n", "m", "tags", '["everything"]', "prefixes", "[]"];
    journal.stream.append([...mark, "lost", `${second} red`], behind);
    await isolate.renew();
    const between = await isolate.filled();
    const again = { atMs: clock.atMs, serverAtMs: Number(second.split("-")[0]) };
    const anew = ["v", "1", "n", "anew", "tags", '["tag:red"]', "prefixes", "[]"];
    expect(journal.stream.append(anew, again)).toBe(second);
    await isolate.renew();
    expect(isolate.judge(between)).toBe("hard");
    journal.stream.loseNewest(1, clock.atMs);
    await isolate.renew();
    expect(isolate.judge(between)).toBe("hard");
    expect(lostBy(isolate)?.at(-1)).toBe(`${second} anew`);
  });

  it("two marks of one loss are as good as one", async () => {
    const { isolate, journal, clock, before } = await informed();
    const other = new Isolate({ clock, journal });
    await other.filled();
    journal.stream.loseNewest(1, clock.atMs);
    clock.advance(9);
    // Both have looked before either has written.
    for (const each of [isolate, other]) void each.view.attend(each.attention);
    await Promise.all([isolate.settle(), other.settle()]);
    expect(journal.asked.filter((name) => name === "appendMark").length).toBe(2);
    expect(isolate.judge(before)).toBe("hard");
    for (const each of [isolate, other]) {
      await each.renew();
      expect(each.judge(await each.filled())).toBe("usable");
    }
  });

  it("with as many newer ones as trimming leaves it was trimmed, and nothing is marked", async () => {
    const { isolate, journal, before, after } = await informed();
    journal.keptCount = 3;
    for (const n of ["third", "fourth", "fifth"]) journal.write(newEntry({ n }));
    await isolate.renew();
    expect(journal.asked).toEqual(["since", "atPrimary"]);
    expect([isolate.judge(before), isolate.judge(after)]).toEqual(["unverified", "unverified"]);
    expect(isolate.judge(await isolate.filled())).toBe("usable");
  });

  it("also where the end was a second old when it went", async () => {
    const { isolate, journal, clock, before } = await informed();
    journal.keptCount = 3;
    clock.advance(1);
    for (const n of ["third", "fourth", "fifth"]) journal.write(newEntry({ n }));
    await isolate.view.catchUp();
    expect([lostBy(isolate), isolate.judge(before)]).toEqual([["", "", ""], "unverified"]);
  });

  it("with fewer newer ones it was lost, however old it is", async () => {
    const { isolate, journal, clock, second } = await informed();
    journal.keptCount = 3;
    clock.advance(30 * 86_400);
    const third = journal.write(newEntry({ n: "third" }));
    journal.write(newEntry({ n: "fourth" }));
    journal.stream.trimBefore(third, clock.atMs);
    await isolate.renew();
    expect(journal.asked).toEqual(["since", "atPrimary", "appendMark"]);
    expect(lostBy(isolate)?.at(-1)).toBe(`${second} red`);
  });

  it("a mark that was not taken leaves the old view, which ages", async () => {
    const { isolate, journal, clock, after } = await informed();
    const { sentAtMs } = isolate.view;
    journal.stream.loseNewest(1, clock.atMs);
    journal.down = ["appendMark"];
    await isolate.renew();
    expect([isolate.view.sentAtMs, isolate.judge(after)]).toEqual([sentAtMs, "usable"]);
    journal.down = [];
    await isolate.renew();
    expect(isolate.judge(after)).toBe("unverified");
  });
});

describe("rule 18: no view is ever empty", () => {
  it("an empty journal is given a mark by its first reader", async () => {
    const isolate = new Isolate();
    const stored = await isolate.filled();
    expect(isolate.journal.asked).toEqual(["newest", "atPrimary", "appendMark"]);
    expect([isolate.judge(stored), lostBy(isolate)]).toEqual(["usable", [""]]);
  });

  it("which covers all that was stored before", async () => {
    const isolate = new Isolate();
    await isolate.filled();
    expect(isolate.judge({ ...(await isolate.filled()), stamp: "none" })).toBe("hard");
  });

  it("a replica that has nothing yet is no empty journal", async () => {
    const isolate = new Isolate();
    isolate.journal.write(newEntry({ n: "first" }));
    isolate.journal.replicaLagMs = 1_000;
    await isolate.filled();
    expect(isolate.journal.asked).toEqual(["newest", "atPrimary"]);
    expect(isolate.view.chain?.end.n).toBe("first");
  });

  it("of those who find it empty at once, one marks it: what it loads then is not purged", async () => {
    const isolate = new Isolate();
    const { journal, clock } = isolate;
    const other = new Isolate({ clock, journal });
    const [stored] = await Promise.all([isolate.filled(), other.filled()]);
    expect(journal.asked.filter((name) => name === "appendMark").length).toBe(2);
    await isolate.renew();
    expect(isolate.view.chain?.entries.length).toBe(1);
    expect([isolate.judge(stored), other.judge(stored)]).toEqual(["usable", "usable"]);
  });

  it.each(["newest", "atPrimary", "appendMark"] as const)(
    "nor made up when %s fails",
    async (name) => {
      const isolate = new Isolate();
      isolate.journal.down = [name];
      expect((await isolate.filled()).stamp).toBe("none");
      expect(isolate.view.chain).toBe(undefined);
    },
  );
});
