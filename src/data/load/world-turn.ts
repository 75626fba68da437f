// A load's turn in the world, in a namespace with `collapse: "global"`: what another isolate has brought
// to Redis meanwhile, and the words that holders of the lease leave for each other.
import type { FlightOutcome } from "../../cache/flights.ts";
import { takeTurn, type TurnPorts } from "../../cache/lease-turn.ts";
import type { LeaseWord } from "../../cache/lease.ts";
import type { LeaderTurn } from "../../cache/loading.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import type { DataDetail } from "../value/data-record.ts";
import type { Given, LoadOutcome, Need } from "./load-outcome.ts";
import type { Part } from "./load-together.ts";
import { DataSearch, type FoundData, type SearchPorts } from "./search.ts";
import { standIn } from "./stand-in.ts";

export type WorldTurnPorts = TurnPorts<RecordHead<DataDetail>> &
  SearchPorts & {
    /** Of what Redis takes. */
    readonly sharedBodyBytes: number;
  };

/** Waits for the lease no longer than the namespace's patience; at once where none is asked for. */
export async function worldTurn(
  { need, flight }: Part,
  ports: WorldTurnPorts,
): Promise<LeaderTurn<LoadOutcome, Given>> {
  const { space, key } = need.place;
  if (!space.isGlobal || ports.leases === undefined) return { kind: "lead" };
  const isInTime = standIn(need, ports) !== undefined && space.softTimeoutMs > 0;
  const turn = await takeTurn(
    {
      key,
      patienceMs: isInTime ? Math.min(space.softTimeoutMs, space.patienceMs) : space.patienceMs,
      flight,
      outcomeIn: (head) => outcomeIn(head, need, ports),
      wordOn: (outcome) => wordOn(outcome, ports),
    },
    ports,
  );
  if (turn.kind === "followed") return { kind: "outcome", outcome: turn.outcome };
  // Another holds the lease for longer than this call waits, or has failed.
  const answer = turn.kind === "lead" ? undefined : standIn(need, ports);
  if (answer === undefined) return { kind: "lead" };
  return { kind: "answer", answer, outcome: { kind: "nothing-to-share" } };
}

/** What stands in Redis by now, if that is fresh, and younger than what this call has found. */
async function outcomeIn(
  head: RecordHead<DataDetail>,
  { place, older }: Need,
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

/** @returns `undefined` where Redis has it for all who wait */
function wordOn(
  outcome: FlightOutcome<LoadOutcome> | undefined,
  { sharedBodyBytes }: WorldTurnPorts,
): LeaseWord | undefined {
  if (outcome?.kind === "failed") return "error-status";
  if (outcome?.kind !== "stored") return "nothing-to-share";
  const { bodyBytes } = outcome.stored.metadata;
  return (bodyBytes ?? 0) <= sharedBodyBytes ? undefined : "nothing-to-share";
}
