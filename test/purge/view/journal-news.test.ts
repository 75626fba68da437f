// Whoever subscribes hears of each entry that becomes known, however it does, and harms nobody.
import { describe, expect, it } from "vitest";
import { createPurging } from "../../../src/create-purging.ts";
import { type JournalNews, NewsListeners } from "../../../src/purge/view/journal-news.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { entryAt, Isolate, newEntry } from "../../../testing/examples/purges.ts";

openNetworkOfFakes();

describe("a view tells of entries", () => {
  it("that begin it, and that it reads on to, once each", async () => {
    const isolate = new Isolate();
    for (const n of ["a", "b"]) isolate.journal.write(newEntry({ n }));
    await isolate.filled();
    await isolate.settle();
    await isolate.renew();
    isolate.journal.write(newEntry({ n: "c" }));
    await isolate.renew();
    expect(isolate.news).toEqual(["read a", "read b", "read c"]);
  });

  it("that are accepted here, and again once they are read", async () => {
    const isolate = new Isolate();
    isolate.journal.write(newEntry({ n: "a" }));
    await isolate.filled();
    await isolate.settle();
    const position = isolate.journal.write(newEntry({ n: "mine" }));
    isolate.view.apply([entryAt(position, { n: "mine" })]);
    await isolate.renew();
    expect(isolate.news).toEqual(["read a", "accepted mine", "read mine"]);
  });

  it("that take the place of what was lost", () => {
    const isolate = new Isolate();
    const lost = entryAt("1-0", { n: "lost" });
    isolate.view.apply([lost]);
    isolate.view.replace([lost], [entryAt("2-0", { n: "new" })]);
    expect(isolate.news).toEqual(["accepted lost", "again new"]);
  });
});

it("a listener that throws keeps nobody from hearing, and is told of", () => {
  const heard: string[] = [];
  const failures: unknown[] = [];
  const listeners = new NewsListeners((cause) => void failures.push(cause));
  const fault = new Error("fault");
  listeners.add(() => {
    throw fault;
  });
  listeners.add(({ how, entries }) => void heard.push(`${how} ${entries.length}`));
  listeners.tell("read", [entryAt("1-0")]);
  listeners.tell("read", []);
  expect([heard, failures]).toEqual([["read 1"], [fault]]);
});

describe("an isolate's purging", () => {
  async function accepting() {
    const clock = new FakeClock();
    const log: string[] = [];
    const failed = { count: 0 };
    const purge = { renewalLagMs: 10_000, visibleWithinSeconds: 10, allowanceMs: 1_000 };
    const purging = createPurging({ purge, namespace: "site" }, new UnsteadyUpstash(clock), {
      nowAtMs: clock.nowAtMs,
      random: Math.random,
      log: ({ message }) => void log.push(message),
      listenerFailed: () => void (failed.count += 1),
    });
    const accept = async () => {
      const targets = { tags: ["tag:red"], prefixes: [] };
      const order = { targets, mode: "hard", reason: "", id: "", bodyDigest: "", by: "a" } as const;
      const accepted = await purging.acceptances.accept(order, {
        atMs: clock.atMs,
        afterAnswer: () => undefined,
      });
      await purging.view.catchUp();
      return accepted;
    };
    return { purging, accept, log, failed };
  }

  it("tells who subscribes of what it accepts and reads", async () => {
    const { purging, accept } = await accepting();
    const heard: JournalNews[] = [];
    purging.subscribe((news) => void heard.push(news));
    await accept();
    const told = heard.map(({ how, entries }) => [how, entries.map(({ by }) => by)]);
    expect(told).toEqual([
      ["accepted", ["a"]],
      ["read", ["a"]],
    ]);
  });

  it("accepts and reads although a listener throws, and says and counts so without its words", async () => {
    const { purging, accept, log, failed } = await accepting();
    purging.subscribe(() => {
      throw new RangeError("a token s3cret");
    });
    expect((await accept()).kind).toBe("accepted");
    expect(purging.view.chain?.entries.length).toBe(1);
    const line = "Purge journal: a listener failed with RangeError.";
    expect(log).toEqual([line, line]);
    expect(failed.count).toBe(2);
  });
});
