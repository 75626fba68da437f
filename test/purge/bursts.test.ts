// Tests a thousand concurrent purges in one isolate: all are appended, with few and small reads.
import "../../testing/fakes/workers-globals.ts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { PurgeParts } from "../../src/purge/create-purging.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { orderOf, responseWith } from "../../testing/examples/purges.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

const purgeCount = 1_000;
const halfLagMs = 5_000;
type Background = (work: () => Promise<void>) => void;

/** A database that answers a turn of the event loop later, so that requests overlap. */
class SlowUpstash extends FakeUpstash {
  /** The number of requests with XRANGE or XREVRANGE. */
  readCount = 0;
  /** The bytes of the answers to these requests. */
  readBytes = 0;

  override async answer(path: string, body: unknown): Promise<Response> {
    const answer = await super.answer(path, body);
    await new Promise((resolve) => setImmediate(resolve));
    if (/"xrange"|"xrevrange"/i.test(JSON.stringify(body))) {
      this.readCount += 1;
      this.readBytes += (await answer.clone().arrayBuffer()).byteLength;
    }
    return answer;
  }
}

function open() {
  const clock = new FakeClock();
  const upstash = new SlowUpstash(clock);
  const purge = { renewalLagMs: 10_000, visibleWithinSeconds: 10, allowanceMs: 1_000 };
  const settings = { purge, namespace: "site" };
  const platform = { nowAtMs: clock.nowAtMs, random: () => 0.5, log: () => undefined };
  const purging = upstashStore.journalAt(upstash)(settings, platform);
  return { clock, upstash, purging };
}

async function acceptAll({ acceptances }: PurgeParts, atMs: number, afterAnswer: Background) {
  const accepted = await Promise.all(
    Array.from({ length: purgeCount }, (_, nth) => {
      const order = orderOf([`tag:${nth}`], { id: `msg_${nth}` });
      return acceptances.accept(order, { atMs, afterAnswer });
    }),
  );
  expect(new Set(accepted.map(({ kind }) => kind))).toEqual(new Set(["accepted"]));
}

const kinds = ({ view }: PurgeParts, atMs: number) => {
  const ask = { atMs, maxLagMs: 10_000, colo: () => "" };
  const judged = Array.from({ length: purgeCount }, (_, nth) =>
    view.judge(responseWith({ tags: [`${nth}`] }), ask),
  );
  return new Set(judged.map((each) => (each.kind === "purged" ? each.mode : each.kind)));
};

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Advances the timers by `ms`, and then lets pending work run. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

it("applies and appends a thousand concurrent purges, and reads back 128 at a time", async () => {
  const { clock, upstash, purging } = open();
  const pending: Promise<void>[] = [];
  await purging.view.stamp({ atMs: clock.atMs, afterAnswer: (work) => void work() });
  await pass(0);
  upstash.readBytes = upstash.readCount = 0;
  await acceptAll(purging, clock.atMs, (work) => void pending.push(work()));
  expect(kinds(purging, clock.atMs)).toEqual(new Set(["hard"]));
  await pass(0);
  expect(upstash.readCount).toBeLessThan(30);
  expect(upstash.readBytes).toBeLessThan(1_048_576);
  expect(purging.view.tail.chain?.entries.length).toBe(purgeCount + 1);
  expect([purging.view.isBreakerOpen, upstash.journal.length]).toEqual([false, purgeCount + 1]);
  upstash.requestCount = 0;
  await pass(halfLagMs);
  await Promise.all(pending);
  expect(upstash.requestCount).toBe(Math.ceil(purgeCount / 128));
});
