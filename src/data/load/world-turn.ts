// Takes a lease before a load, for namespaces with `collapse: "global"`. While another isolate has
// the lease, waits until that isolate has stored a value or a word about the outcome in Redis.
import type { FlightOutcome } from "../../cache/flights.ts";
import { takeTurn, type TurnPorts } from "../../cache/lease-turn.ts";
import type { LeaseWord } from "../../cache/tiers/lease.ts";
import type { LeaderTurn } from "../../cache/load.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import type { DataDetail } from "../value/data-record.ts";
import type { CallResult, LoadOutcome, LoadNeed } from "./load-outcome.ts";
import type { Part } from "./load-together.ts";
import { DataSearch, type FoundData, type SearchPorts } from "./search.ts";
import { standIn } from "./stale-value.ts";

export type WorldTurnPorts = TurnPorts<RecordHead<DataDetail>> &
  SearchPorts & {
    /** The largest value that Redis stores. */
    readonly sharedBodyBytes: number;
  };

/**
 * Waits for the lease up to `waitTimeoutMs`, or up to a shorter `softTimeoutMs` if a stale value
 * may answer. Returns at once if the namespace needs no lease.
 */
export async function worldTurn(
  { need, flight }: Part,
  ports: WorldTurnPorts,
): Promise<LeaderTurn<LoadOutcome, CallResult>> {
  const { space, key } = need.place;
  if (!space.isGlobal || ports.leases === undefined) return { kind: "lead" };
  const isInTime = standIn(need, ports) !== undefined && space.softTimeoutMs > 0;
  const turn = await takeTurn(
    {
      key,
      waitTimeoutMs: isInTime
        ? Math.min(space.softTimeoutMs, space.waitTimeoutMs)
        : space.waitTimeoutMs,
      flight,
      outcomeFrom: (head) => newerOutcome(head, need, ports),
      wordOn: (outcome) => wordOn(outcome, ports),
    },
    ports,
  );
  if (turn.kind === "followed") return { kind: "outcome", outcome: turn.outcome };
  // The wait for another isolate's lease timed out, or that isolate's load failed.
  const answer = turn.kind === "lead" ? undefined : standIn(need, ports);
  if (answer === undefined) return { kind: "lead" };
  return { kind: "answer", answer, outcome: { kind: "nothing-to-share" } };
}

/** Returns the value in Redis if it is fresh, and newer than this call's value. */
async function newerOutcome(
  head: RecordHead<DataDetail>,
  { place, older }: LoadNeed,
  ports: WorldTurnPorts,
): Promise<LoadOutcome | undefined> {
  if (head.kind !== "response") return undefined;
  const sinceAtMs = older?.stored.metadata.respondedAtMs ?? -Infinity;
  if (head.metadata.respondedAtMs <= sinceAtMs) return undefined;
  const isEnough = ({ candidate, verdict }: FoundData) =>
    verdict.kind === "fresh" && candidate.stored.metadata.respondedAtMs > sinceAtMs;
  const search = new DataSearch(place, ports, { isEnough, atPrimary: true });
  const found = await search.found();
  if (found === undefined || !isEnough(found)) return undefined;
  return { kind: "stored", stored: found.candidate.stored };
}

/**
 * Returns the word that tells waiting isolates the outcome; `undefined` if Redis holds the value
 * for them.
 */
function wordOn(
  outcome: FlightOutcome<LoadOutcome> | undefined,
  { sharedBodyBytes }: WorldTurnPorts,
): LeaseWord | undefined {
  if (outcome?.kind === "failed") return "error-status";
  if (outcome?.kind !== "stored") return "nothing-to-share";
  const { bodyBytes } = outcome.stored.metadata;
  return (bodyBytes ?? 0) <= sharedBodyBytes ? undefined : "nothing-to-share";
}
