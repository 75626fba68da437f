// One forward in the world for a key: waits for the lease, or for what its holder leaves. Of routes
// with `collapse: "global"`.
import { selects } from "../../http/selecting.ts";
import { pause, patiently } from "../../patience.ts";
import { type Lease, type LeaseAsked, type LeaseWord, leaseMs } from "../../cache/leases.ts";
import type { ResponseHead as RecordHead } from "../stored/tiers.ts";
import type { Flight, FlightOutcome } from "../../cache/flights.ts";
import { settleDoubt } from "../reuse/in-doubt.ts";
import { isAlwaysValidated, termsOf } from "../stored/lifetime.ts";
import type { ResponseDetail } from "../stored/stored-response.ts";
import { lookUp } from "../reuse/lookup.ts";
import { type Need, policyOf } from "../reuse/need.ts";
import { discardBody } from "../../cache/record.ts";
import type { Candidate } from "../reuse/verdict.ts";

export type Turn =
  /** To the origin; without a lease where others have nothing to wait for, or Redis is away. */
  | { kind: "lead"; lease?: Lease }
  /** What another's forward came to. */
  | { kind: "followed"; outcome: FlightOutcome }
  /** Each for itself, at once. */
  | { kind: "uncacheable" }
  | { kind: "out-of-patience" };

type Waiting = Pick<Need, "asked" | "ports" | "key">;

export interface TurnAsk {
  readonly need: Waiting;
  /** Is this what the need was for? */
  readonly accepts: (candidate: Candidate) => boolean;
}

const firstPauseMs = 50;
const pauseMsMax = 250;
const renewEveryMs = leaseMs / 3;
/** The runtime ends what goes on behind an answer after half a minute. */
const renewalsMax = 30;

/** Polls with back-off, three commands each, until the route's patience ends. */
export async function takeTurn(ask: TurnAsk): Promise<Turn> {
  const { asked, ports, key } = ask.need;
  const { patienceMs } = asked.route;
  if (ports.leases === undefined) return { kind: "lead" };
  const sinceAtMs = ports.nowAtMs();
  let [pauseMs, pausedMs] = [firstPauseMs, 0];
  for (;;) {
    const told = await ports.leases.ask(key);
    const turn = await turnAfter(told, ask);
    if (turn !== undefined) return turn;
    // Redis takes its time too; and a clock that was set back tells none.
    const leftMs = patienceMs - Math.max(pausedMs, ports.nowAtMs() - sinceAtMs);
    if (leftMs <= 0) return { kind: "out-of-patience" };
    // Spread, so that those who began together do not go on together.
    const nextMs = Math.min(leftMs, pauseMs * (0.5 + ports.random() / 2));
    await pause(nextMs);
    pausedMs += nextMs;
    pauseMs = Math.min(pauseMsMax, 1.5 * pauseMs);
  }
}

/** @returns `undefined` while another is on its way */
async function turnAfter(
  told: LeaseAsked<ResponseDetail>,
  ask: TurnAsk,
): Promise<Turn | undefined> {
  if (told.kind === "unavailable") return { kind: "lead" };
  const outcome = told.record && (await outcomeIn(told.record, ask));
  if (outcome !== undefined) {
    if (told.kind === "taken") ask.need.ports.afterAnswer(() => told.lease.release());
    return { kind: "followed", outcome };
  }
  if (told.kind === "taken") return { kind: "lead", lease: told.lease };
  return told.kind === "told" ? turnBy(told.word) : undefined;
}

function turnBy(word: LeaseWord): Turn {
  if (word === "nothing-to-share") return { kind: "lead" };
  if (word === "uncacheable") return { kind: "uncacheable" };
  return { kind: "followed", outcome: { kind: "origin-failed", failure: word } };
}

/** What stands under the key by now, if that is what was waited for. */
async function outcomeIn(record: RecordHead, ask: TurnAsk): Promise<FlightOutcome | undefined> {
  const { asked, ports, key } = ask.need;
  if (record.kind === "vary") {
    return key.text === asked.key.text ? { kind: "varies", marker: record } : undefined;
  }
  const { metadata } = record;
  if (!selects(metadata.selecting, asked.forwarded)) return undefined;
  const candidate: Candidate = {
    stored: { metadata, body: { kind: "absent" } },
    tier: "shared",
    key,
  };
  await settleDoubt(candidate, ask.need);
  if (!ask.accepts(candidate)) return undefined;
  const { accepts } = ask;
  const { found } = await lookUp({ asked, atMs: ports.nowAtMs(), accepts, atPrimary: true }, ports);
  if (typeof found !== "object") return undefined;
  if (found.stored.body.kind === "blob" && accepts(found)) {
    return { kind: "stored", stored: found.stored };
  }
  discardBody(found.stored);
  return undefined;
}

/** Holds the lease for as long as the flight lasts, then leaves word of what came of it. */
export function holdLease(lease: Lease, flight: Flight, held: Waiting): void {
  const { ports } = held;
  ports.afterAnswer(async () => {
    for (let renewals = 0; renewals < renewalsMax; renewals += 1) {
      if ((await patiently(flight.ended, renewEveryMs)) !== "out-of-patience") break;
      await lease.renew();
    }
    await lease.release(wordOn(flight.outcome, held));
  });
}

/** @returns `undefined` where the shared tier has it for all */
function wordOn(
  outcome: FlightOutcome | undefined,
  { asked, ports, key }: Waiting,
): LeaseWord | undefined {
  if (outcome?.kind === "origin-failed") return outcome.failure;
  if (outcome?.kind === "varies") return undefined;
  if (outcome?.kind !== "stored") {
    const isUncacheable = ports.uncacheable.has(key.text, ports.nowAtMs());
    return isUncacheable ? "uncacheable" : "nothing-to-share";
  }
  const { body, metadata } = outcome.stored;
  const { limits } = ports.config;
  const isShared = body.kind === "blob" && body.blob.size <= limits.sharedBodyBytes;
  const isOfUse = !isAlwaysValidated(termsOf(metadata, policyOf({ asked, ports })));
  const mayBeUsed = isShared && isOfUse && metadata.awaitsSecondAsk !== true;
  return mayBeUsed ? undefined : "nothing-to-share";
}
