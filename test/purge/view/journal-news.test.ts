// Listeners receive each entry that an isolate reads or accepts. A listener that throws affects
// nothing else.
import { expect, it } from "vitest";
import { redisStore } from "../../../src/stores/redis/redis-store.ts";
import { type JournalNews, NewsListeners } from "../../../src/purge/view/journal-news.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { entryAt, Isolate, newEntry, orderOf } from "../../../testing/examples/purges.ts";

openNetworkOfFakes();

it("a view reports each entry once when it is accepted, and once when it is read", async () => {
  const isolate = new Isolate();
  for (const n of ["a", "b"]) isolate.journal.write(newEntry({ n }));
  await isolate.filled();
  await isolate.settle();
  await isolate.renew();
  const position = isolate.journal.write(newEntry({ n: "mine" }));
  isolate.view.apply([entryAt(position, { n: "mine" })]);
  await isolate.renew();
  expect(isolate.news).toEqual(["read a", "read b", "accepted mine", "read mine"]);
});

it("a view reports entries that replace lost ones", () => {
  const isolate = new Isolate();
  const lost = entryAt("1-0", { n: "lost" });
  isolate.view.apply([lost]);
  isolate.view.replace([lost], [entryAt("2-0", { n: "new" })]);
  expect(isolate.news).toEqual(["accepted lost", "again new"]);
});

it("listeners receive no empty news", () => {
  const listeners = new NewsListeners(() => undefined);
  const heard: JournalNews[] = [];
  listeners.add((news) => void heard.push(news));
  listeners.tell("read", []);
  expect(heard).toEqual([]);
});

it("an isolate logs and counts a listener that throws, without the error's message", async () => {
  const clock = new FakeClock();
  const log: string[] = [];
  const failed = { count: 0 };
  const purge = { renewalLagMs: 10_000, visibleWithinSeconds: 10, allowanceMs: 1_000 };
  const purging = redisStore.journalAt(new UnsteadyUpstash(clock))(
    { purge, namespace: "site" },
    {
      nowAtMs: clock.nowAtMs,
      random: Math.random,
      log: ({ message }) => void log.push(message),
      listenerFailed: () => void (failed.count += 1),
    },
  );
  const heard: JournalNews[] = [];
  purging.subscribe(() => {
    throw new RangeError("a token s3cret");
  });
  purging.subscribe((news) => void heard.push(news));
  const requester = { atMs: clock.atMs, afterAnswer: () => undefined };
  const accepted = await purging.acceptances.accept(orderOf(["tag:red"]), requester);
  await purging.view.catchUp();
  expect(accepted.kind).toBe("accepted");
  expect(purging.view.chain?.entries.length).toBe(1);
  expect(heard.map(({ how, entries }) => [how, entries.map(({ by }) => by)])).toEqual([
    ["accepted", ["signed-request"]],
    ["read", ["signed-request"]],
  ]);
  const line = "Purge journal: a listener failed with RangeError.";
  expect([log, failed.count]).toEqual([[line, line], 2]);
});
