// Brings a response up to date behind its clients' backs: one that is stale (RFC 5861 §3), or soon
// will be.
import type { RecordKey } from "../../cache/record-key.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { Flight } from "../../cache/flights.ts";
import { isOriginError, lookAtOrigin } from "./forward.ts";
import { lead } from "./lead.ts";
import { holdLease, takeTurn } from "./lease-turn.ts";
import { lookUp } from "../reuse/lookup.ts";
import { type Need, questionOf } from "../reuse/need.ts";
import { inNobodysName } from "../request/nobodys-name.ts";
import { pageOf } from "./origin-health.ts";
import { type Asked, asRefresh } from "../request/plan.ts";
import type { Ports } from "../ports.ts";
import { discardBody } from "../../cache/record.ts";
import { type Candidate, decide } from "../reuse/verdict.ts";

/** Unless its origin is in trouble and it is not yet time to look again. */
export function refreshBehind(client: Asked, stale: Candidate, key: RecordKey, ports: Ports): void {
  const { flights, originHealth, nowAtMs } = ports;
  if (flights.get(key.text, nowAtMs()) !== undefined || !isWorthAsking(client, ports)) return;
  if (originHealth.mayRefresh(key.text, nowAtMs())) startRefresh(client, stale, key, ports);
}

/** Looks whether an origin is back, whatever is stored or under way. */
export function probeOrigin({ route, target }: Asked, ports: Ports): void {
  ports.afterAnswer(async () => void (await lookAtOrigin({ origin: route.origin, target }, ports)));
}

function isWorthAsking(client: Asked, ports: Ports): boolean {
  const state = ports.originHealth.ask(pageOf(client), ports.nowAtMs());
  if (state.kind === "down" && state.isProbe) probeOrigin(client, ports);
  return state.kind === "well" || (state.kind === "page-failing" && state.isProbe);
}

/** One at a time per key and isolate: a refresh is a flight like any other forward. */
export function startRefresh(
  client: Asked,
  { stored }: Candidate,
  key: RecordKey,
  ports: Ports,
): void {
  const { metadata: stale } = stored;
  const { selecting, respondedAtMs: sinceAtMs } = stale;
  const selectsByCookie = selecting.some(([name]) => name === "cookie");
  const asked = asRefresh(client, selectsByCookie);
  if (ports.flights.get(key.text, ports.nowAtMs()) !== undefined) return;
  const flight = ports.flights.begin(key.text, ports.nowAtMs());
  const accepts = (candidate: Candidate) =>
    candidate.stored.metadata.respondedAtMs > sinceAtMs && isFresh(candidate, asked, ports);
  const begun = { key, flight };
  ports.afterAnswer(async () => void (await refresh({ asked, ports, accepts, begun, stale })));
}

/** For all who want a part of what is not stored. */
export function startFill({ asked: client, key, marker, ports }: Need): Flight {
  const asked = asRefresh(client, marker?.names.includes("cookie") ?? false);
  const flight = ports.flights.begin(key.text, ports.nowAtMs());
  const accepts = (candidate: Candidate) => isFresh(candidate, asked, ports);
  const begun = { key, flight };
  ports.afterAnswer(async () => void (await refresh({ asked, ports, accepts, begun })));
  return flight;
}

/** `skipped`: fresh for long enough, or under way already. */
export type Refreshed = "refreshed" | "skipped" | "failed";

/**
 * Brings up to date what is fresh for less than that by now, in whichever tier it is found.
 *
 * @param client as `asRefresh` makes it
 */
export async function refreshAhead(
  client: Asked,
  aheadSeconds: number,
  ports: Ports,
): Promise<Refreshed> {
  const { view, afterAnswer } = ports;
  if (!isWorthAsking(client, ports)) return "failed";
  await view.attend({ atMs: ports.nowAtMs(), host: client.key.host, afterAnswer })?.();
  const directives = { ...client.directives, minFreshSeconds: aheadSeconds };
  const asked = { ...client, directives };
  const accepts = (candidate: Candidate) => isFresh(candidate, asked, ports);
  return refresh({ asked, ports, accepts });
}

function isFresh(candidate: Candidate, asked: Asked, ports: Ports): boolean {
  return decide(candidate, questionOf({ asked, ports })).kind === "serve";
}

interface Refresh {
  readonly asked: Asked;
  readonly ports: Ports;
  /** Is this what the refresh is to bring? */
  readonly accepts: (candidate: Candidate) => boolean;
  /** Absent where the look-up is to tell under which key it is asked for. */
  readonly begun?: { readonly key: RecordKey; readonly flight: Flight };
  /** Of what is to be refreshed, if that is known: it may be gone from the tiers by then. */
  readonly stale?: StoredMetadata;
}

/** From a lower tier, or another colo, if that has brought it by now; else from the origin. */
async function refresh(given: Refresh): Promise<Refreshed> {
  const { asked, ports, accepts, begun } = given;
  const { flights, nowAtMs } = ports;
  let under = begun;
  try {
    const { found, ...place } = await lookUp({ asked, atMs: nowAtMs(), accepts }, ports);
    const { key } = begun ?? place;
    const isBusy = begun === undefined && flights.get(key.text, nowAtMs()) !== undefined;
    const isBrought = typeof found === "object" && accepts(found);
    if (!isBusy) under ??= { key, flight: flights.begin(key.text, nowAtMs()) };
    if (under === undefined || isBrought || !(await isOurTurn(given, under))) {
      if (typeof found === "object") discardBody(found.stored);
      return "skipped";
    }
    const { flight } = under;
    under = undefined;
    const before = typeof found === "object" ? replacedBy(found, asked, ports) : {};
    const like = typeof found === "object" ? found.stored.metadata : given.stale;
    // A note of a hot key holds no more than its key and its Vary.
    const named = like === undefined ? asked : inNobodysName(asked, like, place.marker?.names);
    const need = { asked: named, ports, ...place, key, ...before, reason: "stale" } as const;
    return await led({ ...need, isForClient: false, lookedAtMs: nowAtMs() }, flight);
  } finally {
    if (under !== undefined) flights.end(under.key.text, under.flight);
  }
}

/** With `collapse: "global"`, one in the world: the others take what that one brings. */
async function isOurTurn(
  { asked, ports, accepts }: Refresh,
  { key, flight }: NonNullable<Refresh["begun"]>,
): Promise<boolean> {
  if (asked.route.collapse === "isolate") return true;
  const turn = await takeTurn({ need: { asked, ports, key }, accepts });
  if (turn.kind === "followed") flight.settle(turn.outcome);
  if (turn.kind === "lead" && turn.lease) holdLease(turn.lease, flight, { asked, ports, key });
  return turn.kind === "lead" || turn.kind === "uncacheable";
}

/** What may still answer if the origin fails, and is validated where it can be. */
function replacedBy(
  found: Candidate,
  asked: Asked,
  ports: Ports,
): Pick<Need, "validating" | "fallback"> {
  const { kind } = decide(found, questionOf({ asked, ports }));
  return kind === "forward" ? { fallback: found } : { validating: found };
}

async function led(need: Need, flight: Flight): Promise<Refreshed> {
  const { response, outcome } = await lead(need, flight);
  await response.body?.cancel();
  const isStored = outcome === "stored" || outcome === "validated";
  return isStored && !isOriginError(response.status) ? "refreshed" : "failed";
}
