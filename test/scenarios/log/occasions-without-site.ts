// Causes the log events that requests to a test site cannot cause, or cannot cause in time.
import { vi } from "vitest";
import type { LogLine } from "../../../src/observe/log-line.ts";
import { createWorker } from "../../../src/worker.ts";
import { defineConfig } from "../../../src/config/config.ts";
import { JoinedPurges } from "../../../src/purge/acceptance/invalidation-batches.ts";

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
