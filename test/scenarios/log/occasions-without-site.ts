// Causes the log events that requests to a test site cannot cause, or cannot cause in time.
import { vi } from "vitest";
import type { LogLine } from "../../../src/observe/log-line.ts";
import { createWorker } from "../../../src/worker.ts";
import { defineConfig } from "../../../src/config/config.ts";
import { redisStore } from "../../../src/stores/redis/redis-store.ts";
import { JoinedPurges } from "../../../src/purge/acceptance/joined-purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";

export async function refusedStart(): Promise<LogLine[]> {
  const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const nothing = () => undefined;
  const context = { waitUntil: nothing, passThroughOnException: nothing, props: {} };
  await createWorker(defineConfig({})).fetch(new Request("https://a.example/"), {}, context);
  return spy.mock.calls.map(([text]) => JSON.parse(String(text)) as LogLine);
}

export async function lostInvalidation(): Promise<LogLine[]> {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const lines: LogLine[] = [];
  const joined = new JoinedPurges({
    acceptances: { accept: async () => ({ kind: "unavailable" }) },
    metrics: { add: () => undefined },
    nowAtMs: () => 0,
    log: (line) => void lines.push(line),
  });
  const target = { tag: "url:https://a.example/x?token=s3cret" };
  joined.add([target], { atMs: 0, afterAnswer: (work) => void work() });
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  return lines;
}

export async function failedListener(): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const clock = new FakeClock();
  const log = (line: LogLine) => void lines.push(line);
  const platform = { nowAtMs: clock.nowAtMs, random: () => 0.5, log };
  const purging = redisStore.journalAt(new FakeUpstash(clock))(defineConfig({}), platform);
  purging.subscribe(() => {
    throw new TypeError("s3cret");
  });
  const order = { id: "", bodyDigest: "", by: "admin", reason: "", mode: "hard" } as const;
  const targets = { tags: ["t:a"], prefixes: [] };
  const requester = { atMs: clock.atMs, afterAnswer: () => undefined };
  await purging.acceptances.accept({ ...order, targets }, requester);
  return lines;
}
