// Refreshes values in the background: stale values, and fresh values that are due for a refresh.
import type { FetchResult } from "../../cache/flights.ts";
import type { CallResult, DataFlight, LoadNeed } from "./load-outcome.ts";
import { loadTogether, type Part } from "./load-together.ts";
import { acquireLease, answerWith, lead, startFlight } from "./loading.ts";
import type { DataPorts } from "./data-ports.ts";
import { DataSearch, type FoundData } from "./search.ts";
import { isResting } from "./verdict.ts";

/**
 * Starts at most one load for each key in this isolate, and none within `retryAfter` of a failure.
 */
export function refreshBehind(needs: readonly LoadNeed[], ports: DataPorts): void {
  const due = needs.filter((need) => !isUnderWay(need, ports) && !isResting(need, ports));
  const [first] = due;
  if (first === undefined) return;
  ports.counts.counted(first.place.space.name, "refreshes", due.length);
  const refreshing =
    due.length === 1
      ? [refreshOne(first, ports)]
      : leadTogether(due, ports).map(({ answer }) => answer);
  ports.afterAnswer(async () => void (await Promise.all(refreshing)));
}

/** Returns whether a call of this isolate is already loading the value. */
export function isUnderWay({ place }: LoadNeed, { flights, nowAtMs }: DataPorts): boolean {
  return flights.get(place.key.text, nowAtMs()) !== undefined;
}

function refreshOne(need: LoadNeed, ports: DataPorts): Promise<CallResult> {
  const leader = (flight: DataFlight) => refreshed({ need, flight }, ports);
  return startFlight(need, leader, ports).answer;
}

/** Uses a newer value of another isolate from a lower tier; otherwise loads from the source. */
async function refreshed(part: Part, ports: DataPorts): Promise<FetchResult<CallResult>> {
  const { need, flight } = part;
  const found = await youngerBelow(need, ports);
  if (found !== undefined) {
    const { stored } = found.candidate;
    flight.settle({ kind: "stored", stored });
    return unread({ kind: "value", metadata: stored.metadata, by: "collapsed" });
  }
  const turn = await acquireLease(part, ports);
  if (turn === undefined || turn.kind === "lead") return lead(part, ports);
  flight.settle(turn.outcome);
  return unread({ kind: "error", error: undefined });
}

/** Wraps an answer that no caller reads. */
function unread(answer: CallResult): FetchResult<CallResult> {
  return { answer, done: Promise.resolve() };
}

async function youngerBelow(
  { place, older }: LoadNeed,
  ports: DataPorts,
): Promise<FoundData | undefined> {
  const isFarthest = older?.tier === ports.tiers.of(place.space.tiers).all.at(-1)?.name;
  if (older === undefined || isFarthest) return undefined;
  const { respondedAtMs } = older.stored.metadata;
  const isEnough = ({ candidate, verdict }: FoundData) =>
    verdict.kind === "fresh" && candidate.stored.metadata.respondedAtMs > respondedAtMs;
  const found = await new DataSearch(place, ports, { isEnough }).found();
  return found !== undefined && isEnough(found) ? found : undefined;
}

interface StartedLoad {
  readonly need: LoadNeed;
  readonly flight: DataFlight;
  readonly answer: Promise<CallResult>;
}

/**
 * Starts one load for several keys that no other call is loading.
 *
 * @param needs all of one namespace and one load; not empty
 * @returns the flight and the answer of each, in order; no promise rejects
 */
export function leadTogether(needs: readonly LoadNeed[], ports: DataPorts): readonly StartedLoad[] {
  const { promise: loading, resolve } =
    Promise.withResolvers<Awaited<ReturnType<typeof loadTogether>>>();
  const loads = needs.map((need, at) => {
    const leader = () => answerWith(need, { loading, at }, ports);
    return { need, ...startFlight(need, leader, ports) };
  });
  resolve(loadTogether(loads, ports));
  return loads;
}
