// Brings a stale response up to date behind its client's back (RFC 5861 §3).
import type { RecordKey } from "../tiers/record-key.ts";
import { lead } from "./lead.ts";
import { holdLease, takeTurn } from "./lease-turn.ts";
import type { Flight } from "./collapse.ts";
import { lookUp } from "./lookup.ts";
import { type Need, questionOf } from "./need.ts";
import { type Asked, asRefresh } from "./plan.ts";
import type { Ports } from "./ports.ts";
import { discardBody } from "./respond.ts";
import { type Candidate, decide } from "./verdict.ts";

/** Unless its origin is in trouble and it is not yet time to look again. */
export function refreshBehind(client: Asked, stale: Candidate, key: RecordKey, ports: Ports): void {
  const page = { origin: client.route.origin, page: client.key.text };
  const state = ports.originHealth.ask(page, ports.nowAtMs());
  if (state.kind === "well" || state.isProbe) startRefresh(client, stale, key, ports);
}

/**
 * One at a time per key and isolate: a refresh is a flight like any other forward.
 *
 * @param stale what is to be replaced; `undefined` if nothing is stored
 */
export function startRefresh(
  client: Asked,
  stale: Candidate | undefined,
  key: RecordKey,
  ports: Ports,
): void {
  const selecting = stale?.stored.metadata.selecting ?? [];
  const selectsByCookie = selecting.some(([name]) => name === "cookie");
  const asked = asRefresh(client, selectsByCookie);
  const atMs = ports.nowAtMs();
  if (ports.flights.get(key.text, atMs) !== undefined) return;
  const flight = ports.flights.begin(key.text, atMs);
  const sinceAtMs = stale?.stored.metadata.respondedAtMs ?? -Infinity;
  ports.afterAnswer(async () => {
    try {
      const need = await needOf({ asked, ports, key, flight, sinceAtMs });
      if (need === undefined) return ports.flights.end(key.text, flight);
      const { response } = await lead(need, flight);
      await response.body?.cancel();
    } catch (cause) {
      ports.flights.end(key.text, flight);
      throw cause;
    }
  });
}

interface Refresh {
  readonly asked: Asked;
  readonly ports: Ports;
  readonly key: RecordKey;
  readonly flight: Flight;
  /** What was fetched no later than this is what is to be replaced. */
  readonly sinceAtMs: number;
}

/** @returns `undefined` where a lower tier, or another colo, has brought a newer one */
async function needOf({
  asked,
  ports,
  key,
  flight,
  sinceAtMs,
}: Refresh): Promise<Need | undefined> {
  const accepts = (candidate: Candidate) =>
    candidate.stored.metadata.respondedAtMs > sinceAtMs &&
    decide(candidate, questionOf({ asked, ports })).kind === "serve";
  const looked = await lookUp({ asked, atMs: ports.nowAtMs(), accepts }, ports);
  const { found, marker } = looked;
  if (typeof found === "object" && accepts(found)) {
    discardBody(found.stored);
    return undefined;
  }
  if (asked.route.collapse === "global") {
    const turn = await takeTurn({ need: { asked, ports, key }, accepts });
    if (turn.kind === "followed") flight.settle(turn.outcome);
    if (turn.kind !== "lead") return undefined;
    if (turn.lease) holdLease(turn.lease, flight, ports);
  }
  const verdict = decide(found, questionOf({ asked, ports }));
  const validating = verdict.kind === "forward" || typeof found === "string" ? undefined : found;
  return { asked, ports, key, marker, reason: "stale", isForClient: false, validating };
}
