// Tests the parts of one isolate's purging: the timeout of reads, the copies' retention, and the
// log of the switch.
import "../../testing/fakes/workers-globals.ts";
import { expect, it } from "vitest";
import type { LogLine } from "../../src/observe/log-line.ts";
import { journalMaker, readTimeoutMsOf } from "../../src/purge/create-purging.ts";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import { ObjectClient } from "../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import { ObjectSubscribers } from "../../src/stores/durable-object/object-journal.ts";
import { postOf } from "./journal/contract/switch-contract.ts";

const allowanceMs = 1_000;
const randomText = () => crypto.randomUUID();

it.each([
  { renewalLagMs: 60_000, timeoutMs: 2_000 },
  { renewalLagMs: 5_000, timeoutMs: 2_000 },
  { renewalLagMs: 4_000, timeoutMs: 1_500 },
  { renewalLagMs: 2_000, timeoutMs: 500 },
])("waits for a read half of N − A, but at most 2 s: $renewalLagMs", (given) => {
  const { renewalLagMs, timeoutMs } = given;
  const purge = { renewalLagMs, allowanceMs, visibleWithinSeconds: renewalLagMs / 1_000 };
  expect(readTimeoutMsOf(purge)).toBe(timeoutMs);
});

/** Opens an isolate over an object, with copies in a cache. */
function open(visibleWithinSeconds: number) {
  const clock = new FakeClock();
  const { nowAtMs } = clock;
  const cache = new FakeCache(clock);
  const { stub } = new FakeObject();
  const client = new ObjectClient({ stub: () => stub, nowAtMs });
  const journal = new ObjectJournal({ client, nowAtMs, randomText });
  const subscribers = new ObjectSubscribers(client);
  const opened = {
    journal,
    switching: journal,
    subscribers,
    name: "o",
    health: client.remote.health,
    secret: "",
  };
  const purge = { renewalLagMs: visibleWithinSeconds * 1_000, allowanceMs, visibleWithinSeconds };
  const lines: LogLine[] = [];
  const log = (line: LogLine) => void lines.push(line);
  const platform = { nowAtMs, random: () => 0.5, log, cache: () => cache };
  const { view } = journalMaker(() => opened)({ namespace: "site", purge }, platform);
  async function read() {
    const pending: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void pending.push(work());
    await view.renewIfDue({ atMs: clock.atMs, host: "www.example.com", afterAnswer })?.();
    await Promise.all(pending);
  }
  return { clock, cache, journal, lines, read };
}

it("keeps a copy for an hour", async () => {
  const { clock, cache, read } = open(10);
  await read();
  const copy = cache.kept.find(({ address }) => address.endsWith("/view"));
  expect(copy?.untilAtMs).toBe(clock.atMs + 3_600_000);
});

it("logs a change of the switch that a read returns", async () => {
  const { clock, journal, lines, read } = open(10);
  await read();
  expect(lines).toEqual([]);
  await journal.post(postOf("p1", "", true));
  clock.advance(10);
  await read();
  const message = "This isolate follows the switch: every route bypasses the cache.";
  expect(lines).toMatchObject([{ event: "switch", how: "learnt", message }]);
});
