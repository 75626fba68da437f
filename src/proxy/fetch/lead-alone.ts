// Goes to the origin for one request alone, where nothing can be shared with it.
import { Flight } from "../../cache/flights.ts";
import type { FewAtOnce } from "../../cache/few-at-once.ts";
import type { Need } from "../reuse/need.ts";
import { answeredWith, comeSince, forOwnVariant, isOfAnotherVariant } from "./come-since.ts";
import { lead } from "./lead.ts";
import type { RefreshPorts } from "./refresh.ts";
import { withoutAsking } from "./without-asking.ts";

export interface LeadAlonePorts extends RefreshPorts {
  readonly fewAtOnce: FewAtOnce;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
}

interface Waited {
  /** For another's forward, together with others. */
  readonly hasWaited: boolean;
  /** Epoch milliseconds. */
  readonly sinceAtMs: number;
}

/**
 * Those who have waited together go a few at a time, and no longer than their patience lasts. Others
 * are not counted: they come one by one, as they would if there were no cache, and to hold them back
 * would slow every page that is for one client alone.
 */
export async function leadAlone(need: Need<LeadAlonePorts>, waited: Waited): Promise<Response> {
  const { hasWaited, sinceAtMs } = waited;
  if (!hasWaited) return led(need, waited);
  const { ports, key } = need;
  const { patienceMs } = need.asked.route;
  const { nowAtMs, random } = ports;
  const waitMs = patienceMs - Math.abs(nowAtMs() - sinceAtMs);
  // Until the head of an answer is there: a client may take as long as it likes for the body.
  const leave = await ports.fewAtOnce.enter(key.text, { waitMs, nowAtMs, random });
  const answering = ledFromPlace(need, waited).finally(leave);
  // A client that leaves must give its place back.
  ports.afterAnswer(async () => void (await answering.catch(() => undefined)));
  return answering;
}

/** What the first one could not share, another may have brought for all. */
async function ledFromPlace(need: Need<LeadAlonePorts>, waited: Waited): Promise<Response> {
  return broughtForAll(need) ?? led(need, waited);
}

function broughtForAll(need: Need<LeadAlonePorts>): Response | undefined {
  const come = comeSince(need);
  if (come === undefined || !isOfAnotherVariant(come, need))
    return come && answeredWith(come, need);
  const own = forOwnVariant(come, need);
  const variant = comeSince(own);
  return variant && answeredWith(variant, own);
}

async function led(need: Need<LeadAlonePorts>, { hasWaited }: Waited): Promise<Response> {
  const unasked = await withoutAsking(need, { hasWaited });
  if (unasked !== undefined) return unasked;
  // A flight that nobody waits for.
  const { answer } = await lead(need, new Flight(need.ports.nowAtMs()));
  return answer;
}
