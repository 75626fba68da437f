// Opens an isolate that gathers adds for Redis. A test selects the answers of Redis.
import type { RemoteCause } from "../../src/remote/trouble.ts";
import type { RemoteAnswer } from "../../src/remote/remote-client.ts";
import { vi } from "vitest";
import { adds } from "../../src/write-behind/change-kind.ts";
import type { Outcome } from "../../src/write-behind/change-batch.ts";
import { ChangeBatches } from "../../src/write-behind/change-batches.ts";
import type { Add } from "../../src/write-behind/sinks/sink.ts";
import type { Acceptance, Batch } from "../../src/write-behind/change-slices.ts";
import { usualTimes } from "../../src/write-behind/slice-times.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

/** The set's time in the answers is that of an isolate without a test's clock changes. */
const time = { atMs: new FakeClock().atMs, leadMs: 0 };
export const accepted: RemoteAnswer<Acceptance> = {
  kind: "answered",
  value: { kind: "accepted", time, backlog: { keyCount: 1, oldestSlice: 7 } },
};
export const answered = (
  kind: "late" | "early" | "full",
  atMs = time.atMs,
): RemoteAnswer<Acceptance> => ({
  kind: "answered",
  value: { kind, time: { ...time, atMs } },
});
export const unavailable = (cause: RemoteCause): RemoteAnswer<Acceptance> => ({
  kind: "unavailable",
  cause,
});

export const add = (key: string, by = 1): Add => ({ key, by, isReset: false });
export const bytes = 10;

type Answer = RemoteAnswer<Acceptance> | Promise<RemoteAnswer<Acceptance>>;

/** Opens an isolate. Redis gives these answers in turn, and then accepts every batch. */
export function openGathering(...answers: Answer[]) {
  return openGatheringOf(adds, ...answers);
}

export function openGatheringOf(kind: typeof adds, ...answers: Answer[]) {
  const clock = new FakeClock();
  const sent: Batch<Add>[] = [];
  const told: [Outcome["kind"], string, number][] = [];
  const state = { isCutOff: false, hasNeverConnected: false, backlogs: 0, ids: 0 };
  const gathering = new ChangeBatches<Add>({
    store: {
      async accept(batch) {
        sent.push(batch);
        return answers.shift() ?? accepted;
      },
    },
    hasNeverConnected: () => state.hasNeverConnected,
    kind,
    times: usualTimes,
    nowAtMs: clock.nowAtMs,
    randomText: () => `id${(state.ids += 1)}`,
    // A request that was cut off also loses its work after the answer.
    afterAnswer: (work) => void (state.isCutOff || work()),
    onOutcome: (outcome, callCount) =>
      told.push([outcome.kind, "cause" in outcome ? outcome.cause : "", callCount]),
    onTime: () => undefined,
    onBacklog: () => void (state.backlogs += 1),
  });
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1);
      await vi.advanceTimersByTimeAsync(1_000);
    }
  };
  return { clock, sent, told, state, gathering, pass };
}
