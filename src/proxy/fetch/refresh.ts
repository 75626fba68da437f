// Brings a response up to date behind its clients' backs: one that is stale (RFC 5861 §3), or soon
// will be.
import { discardBody } from "../../cache/record/record.ts";
import type { Fetched } from "../../cache/flights.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { inNobodysName } from "../request/nobodys-name.ts";
import { type Asked, asRefresh } from "../request/plan.ts";
import type { ForwardFlight } from "../reuse/forward-outcome.ts";
import { type LookedUp, lookUp } from "../reuse/lookup.ts";
import { type Need, questionOf } from "../reuse/need.ts";
import { type Candidate, decide } from "../reuse/verdict.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { isOriginError, lookAtOrigin, type ForwardPorts } from "./forward.ts";
import { lead, type LeadPorts } from "./lead.ts";
import { pageOf } from "./origin-health.ts";
import { outcomeToldBy, turnInWorld, type TurnInWorldPorts } from "./turn-in-world.ts";

export type RefreshPorts = LeadPorts &
  TurnInWorldPorts &
  ForwardPorts & {
    readonly metrics: Metrics;
  };

/**
 * Refreshes behind a hit, unless that is under way, or its origin is in trouble and it is not yet time
 * to look again.
 *
 * @param key under which its forwards are collapsed
 */
export function refreshBehind(
  client: Asked,
  stale: Candidate,
  key: RecordKey,
  ports: RefreshPorts,
): void {
  const { flights, originHealth, nowAtMs } = ports;
  if (flights.get(key.text, nowAtMs()) !== undefined || !isWorthAsking(client, ports)) return;
  if (originHealth.mayRefresh(key.text, nowAtMs())) startRefresh(client, stale, key, ports);
}

/** Looks whether an origin is back, whatever is stored or under way. */
export function probeOrigin(
  { route, target }: Pick<Asked, "route" | "target">,
  ports: ForwardPorts,
): void {
  ports.afterAnswer(async () => void (await lookAtOrigin({ origin: route.origin, target }, ports)));
}

function isWorthAsking(client: Asked, ports: RefreshPorts): boolean {
  const state = ports.originHealth.ask(pageOf(client), ports.nowAtMs());
  if (state.kind === "down" && state.isProbe) probeOrigin(client, ports);
  return state.kind === "well" || (state.kind === "page-failing" && state.isProbe);
}

/** One at a time per key and isolate: a refresh is a flight like any other forward. */
export function startRefresh(
  client: Asked,
  { stored }: Candidate,
  key: RecordKey,
  ports: RefreshPorts,
): void {
  if (ports.flights.get(key.text, ports.nowAtMs()) !== undefined) return;
  const { metadata: like } = stored;
  const asked = asRefresh(
    client,
    like.selecting.some(([name]) => name === "cookie"),
  );
  const accepts = (candidate: Candidate) =>
    candidate.stored.metadata.respondedAtMs > like.respondedAtMs &&
    isFresh(candidate, asked, ports);
  startBehind({ asked, ports, accepts, like }, key);
}

/** Begins to bring the whole of what is not stored, for all who want a part of it. */
export function startFill({
  asked: client,
  key,
  marker,
  ports,
}: Need<RefreshPorts>): ForwardFlight {
  const asked = asRefresh(client, marker?.names.includes("cookie") ?? false);
  const accepts = (candidate: Candidate) => isFresh(candidate, asked, ports);
  return startBehind({ asked, ports, accepts }, key);
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
  ports: RefreshPorts,
): Promise<Refreshed> {
  const { view, flights, nowAtMs, afterAnswer } = ports;
  if (!isWorthAsking(client, ports)) return "failed";
  await view.attend({ atMs: nowAtMs(), host: client.key.host, afterAnswer })?.();
  const directives = { ...client.directives, minFreshSeconds: aheadSeconds };
  const asked = { ...client, directives };
  const accepts = (candidate: Candidate) => isFresh(candidate, asked, ports);
  const lookedUp = await lookUp({ asked, atMs: nowAtMs(), accepts }, ports);
  const { found, key } = lookedUp;
  const isBusy = flights.get(key.text, nowAtMs()) !== undefined;
  if (isBusy || (typeof found === "object" && accepts(found))) {
    if (typeof found === "object") discardBody(found.stored);
    return "skipped";
  }
  const given = { asked, ports, accepts };
  return flights.start(key.text, (flight) => refreshed(lookedUp, given, flight), ports).answer;
}

function isFresh(candidate: Candidate, asked: Asked, ports: RefreshPorts): boolean {
  return decide(candidate, questionOf({ asked, ports })).kind === "serve";
}

interface Refresh {
  readonly asked: Asked;
  readonly ports: RefreshPorts;
  /** Is this what the refresh is to bring? */
  readonly accepts: (candidate: Candidate) => boolean;
  /** What is to be refreshed, where that is known: it may be gone from the tiers by then. */
  readonly like?: StoredMetadata;
}

/** From a lower tier, or another colo, if that has brought it by now; else from the origin. */
function startBehind(given: Refresh, key: RecordKey): ForwardFlight {
  const { asked, ports, accepts } = given;
  const leader = async (flight: ForwardFlight) => {
    const lookedUp = await lookUp({ asked, atMs: ports.nowAtMs(), accepts }, ports);
    const { found } = lookedUp;
    if (typeof found !== "object" || !accepts(found)) {
      return refreshed({ ...lookedUp, key }, given, flight);
    }
    discardBody(found.stored);
    return skipped();
  };
  const { flight, answer } = ports.flights.start(key.text, leader, ports);
  ports.afterAnswer(async () => void (await answer));
  return flight;
}

function skipped(): Fetched<Refreshed> {
  return { answer: "skipped", done: Promise.resolve() };
}

/** @param lookedUp nothing that the refresh would be content with */
async function refreshed(
  { found, ...place }: LookedUp,
  given: Refresh,
  flight: ForwardFlight,
): Promise<Fetched<Refreshed>> {
  const { asked, ports } = given;
  if (!(await isOurTurn(given, place.key, flight))) {
    if (typeof found === "object") discardBody(found.stored);
    return skipped();
  }
  const before = typeof found === "object" ? replacedBy(found, asked, ports) : {};
  const like = typeof found === "object" ? found.stored.metadata : given.like;
  // A note of a hot key holds no more than its key and its Vary.
  const named = like === undefined ? asked : inNobodysName(asked, like, place.marker?.names);
  const need = { asked: named, ports, ...place, ...before, reason: "stale" } as const;
  const sent = await lead({ ...need, isForClient: false, lookedAtMs: ports.nowAtMs() }, flight);
  const { response, outcome } = sent.answer;
  await response.body?.cancel();
  const isStored = outcome === "stored" || outcome === "validated";
  const isWell = isStored && !isOriginError(response.status);
  return { answer: isWell ? "refreshed" : "failed", done: sent.done };
}

/** With `collapse: "global"`, one in the world: the others take what that one brings. */
async function isOurTurn(
  { asked, ports, accepts }: Refresh,
  key: RecordKey,
  flight: ForwardFlight,
): Promise<boolean> {
  const turn = await turnInWorld({ need: { asked, ports, key }, flight, accepts });
  if (turn.kind === "lead") return true;
  if (turn.kind === "followed") flight.settle(turn.outcome);
  if (turn.kind !== "told") return false;
  if (turn.word !== "uncacheable") flight.settle(outcomeToldBy(turn.word));
  return turn.word === "uncacheable";
}

/** What may still answer if the origin fails, and is validated where it can be. */
function replacedBy(
  found: Candidate,
  asked: Asked,
  ports: RefreshPorts,
): Pick<Need, "validating" | "fallback"> {
  const { kind } = decide(found, questionOf({ asked, ports }));
  return kind === "forward" ? { fallback: found } : { validating: found };
}
