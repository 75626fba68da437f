// Plays planned histories: an item, its reads at all processes, its changes and its purges.
import { setTimeout as delay } from "node:timers/promises";
import type { Bounds, Failure, HistoryEvent, Purge, Read, Seen } from "./events.ts";
import type { Origin } from "./origin.ts";
import type { Plan } from "./plan.ts";

/** The clients of the caches under test. */
export interface Clients<R extends Read, P extends Purge, Call> {
  readonly origin: Origin;
  readonly processCount: number;
  read(id: string, cache: R["cache"], process: number): Promise<R | Failure>;
  purge(id: string, call: Call, seen: Seen): Promise<P>;
}

/** The time from the start of a load until its interruption. */
const interruptionMs = 20;

/**
 * Plays one history, and returns all its events.
 *
 * @param waits the times, as multiples of N, after which everything is read at the end
 */
async function playHistory<R extends Read, P extends Purge, Call>(
  id: string,
  plan: Plan<R["cache"], Call>,
  clients: Clients<R, P, Call>,
  { withinMs, waits }: { withinMs: number; waits: readonly number[] },
): Promise<HistoryEvent<R, P>[]> {
  const events: HistoryEvent<R, P>[] = [];
  const loads = plan.loads.values();
  let isEnding = false;
  const item = clients.origin.add(id, async () => {
    const { duration, purge } = loads.next().value ?? { duration: 0, purge: undefined };
    const answered = delay((isEnding ? Math.min(duration, 0.5) : duration) * withinMs);
    if (!isEnding && purge !== undefined) {
      await delay(interruptionMs);
      // The purge must not wait for this load.
      await Promise.race([changeAndPurge(purge), delay(0.8 * withinMs)]);
    }
    await answered;
  });

  const changeAndPurge = async (call: Call) => {
    item.version += 1;
    const seen = { version: item.version, isDuringLoad: item.waitingCount > 0 };
    events.push(await clients.purge(id, call, seen));
  };
  const read = async (cache: R["cache"], process: number) =>
    void events.push(await clients.read(id, cache, process));

  const readings: Promise<void>[] = [];
  for (const step of plan.steps) {
    if (step.kind === "purge") await changeAndPurge(step.call);
    else if (step.kind === "wait") await delay(step.duration * withinMs);
    else {
      const reading = read(step.cache, step.process);
      readings.push(reading);
      if (step.isAwaited) await reading;
    }
    await delay(step.pause * withinMs);
  }
  isEnding = true;
  await Promise.all(readings);
  for (const wait of waits) {
    await delay(wait * withinMs);
    for (let process = 0; process < clients.processCount; process += 1) {
      await Promise.all(plan.caches.map((cache) => read(cache, process)));
    }
  }
  return events;
}

export interface PlayedHistory<R extends Read, P extends Purge, Call> {
  readonly id: string;
  readonly plan: Plan<R["cache"], Call>;
  readonly events: readonly HistoryEvent<R, P>[];
}

/** The time between the starts of the first histories. A burst would overload the cold processes. */
const rampMs = 100;

/**
 * Plays all plans, `togetherCount` at a time.
 *
 * @throws Error if nothing can be judged, because no read or no purge succeeded
 */
export async function playAll<R extends Read, P extends Purge, Call>(
  plans: readonly { readonly id: string; readonly plan: Plan<R["cache"], Call> }[],
  clients: Clients<R, P, Call>,
  { togetherCount, bounds }: { togetherCount: number; bounds: Bounds },
): Promise<PlayedHistory<R, P, Call>[]> {
  const { withinMs, refreshMs } = bounds;
  // The last reads see every purge: a stale answer, its refresh, and the result.
  const untilRefreshed = (1.1 * refreshMs) / withinMs;
  const waits = [3, untilRefreshed, untilRefreshed];
  const left = [...plans];
  const played: PlayedHistory<R, P, Call>[] = [];
  const playInTurn = async (_: unknown, nth: number) => {
    await delay(rampMs * nth);
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const events = await playHistory(next.id, next.plan, clients, { withinMs, waits });
      played.push({ ...next, events });
    }
  };
  await Promise.all(Array.from({ length: togetherCount }).map(playInTurn));
  const isJudged = played.some(
    ({ events }) =>
      events.some((event) => event.kind === "read") &&
      events.some((event) => event.kind === "purge" && event.isAccepted),
  );
  if (!isJudged) throw new Error("No history has a read and an accepted purge.");
  return played;
}
