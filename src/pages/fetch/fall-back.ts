// Asks the fallback origins of a route while its first origin fails. They may lag behind the first, so
// their answers have no validators, and are used for at most N seconds (`lifetime.ts`).
import type { FetchResult } from "../../cache/flights.ts";
import { originsOf } from "../../config/route.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { discardBody } from "../../cache/record/record.ts";
import { isPersonal } from "../request/personal.ts";
import { withFields } from "../respond/respond.ts";
import { type PendingForward, questionOf, storedCandidate } from "../reuse/pending-forward.ts";
import { decide, isAnswer, isWish } from "../reuse/may-answer.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import type { StampedAnswer } from "../storing/metadata-of-answer.ts";
import { sendAndStore } from "../storing/send-and-store.ts";
import { continuationIn } from "./continue-body.ts";
import { forwardSelecting, probeBehind } from "./forward.ts";

/**
 * Returns whether a fallback origin may answer. A personal request never reaches one, because its
 * session belongs to the first origin. A handler that sees a client's context neither has nor is one. Its
 * answer never replaces a response that still answers other requests.
 */
export function mayFallBack(pending: PendingForward): boolean {
  const { request, exchange } = pending;
  if (request.route.fallbackOrigins.length === 0 || isPersonal(request)) return false;
  if (originsOf(request.route).some(exchange.site.runsInCaller)) return false;
  const kept = storedCandidate(pending);
  if (kept === undefined) return true;
  const verdict = decide(kept, questionOf(pending));
  return !isAnswer(verdict) && !isWish(verdict.by);
}

/** Returns whether the first origin is shut off, and a fallback may answer at once. */
export function isPassedOver(pending: PendingForward): boolean {
  const { originHealth } = pending.exchange.site;
  return originHealth.kindOf(pending.request) === "down" && mayFallBack(pending);
}

/**
 * Answers with the first usable answer of a fallback origin. An error of such an origin never answers:
 * it may lack pages that the first origin has.
 *
 * @param pending its stamp is from before the forward to the first origin, so that every purge since then
 *   covers the answer
 * @returns `undefined` if no fallback origin may or can answer
 */
export async function fallBack(
  pending: PendingForward & Pick<StampedAnswer, "stamp">,
  flight: ForwardFlight,
): Promise<FetchResult<Response> | undefined> {
  if (!mayFallBack(pending)) return undefined;
  const { stamp, exchange, key } = pending;
  const { decision } = exchange;
  for (const origin of pending.request.route.fallbackOrigins) {
    const route = { ...pending.request.route, origin, isFallback: true };
    const asked = { ...pending, request: { ...pending.request, route } };
    if (isDown(asked)) continue;
    const { answer, request } = await forwardSelecting(asked, []);
    if (answer.kind === "failed") {
      decision.heardNothing();
      continue;
    }
    const { response } = answer;
    const { status } = response;
    const isOfUse = status < 400 && status !== 206 && status !== 304;
    decision.heard({ ...answer, status }, isOfUse);
    if (!isOfUse) {
      cancelBody(response);
      continue;
    }
    decision.fallback = origin;
    decision.detail = "fallback";
    await key.naming?.secret.ready();
    discardBody(storedCandidate(pending)?.stored);
    const place = { ...pending, request };
    const fresh = { ...answer, response: withoutValidators(response), stamp };
    return sendAndStore(fresh, { ...place, flight, continuationOf: continuationIn(place) });
  }
  return undefined;
}

/** Returns whether the origin is shut off. Begins a due probe. */
function isDown({ request, exchange, key }: PagePlace): boolean {
  const { originHealth, nowAtMs } = exchange.site;
  const page = { route: request.route, key };
  if (originHealth.kindOf(page) !== "down") return false;
  const state = originHealth.ask(page, nowAtMs());
  if (state.kind === "down" && state.isProbe) probeBehind(request, exchange);
  return true;
}

/**
 * Returns the response without validators. Another version at the first origin may have the same ones,
 * and a client or a cache would then keep or continue the wrong body.
 */
function withoutValidators(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of ["etag", "last-modified", "accept-ranges"]) headers.delete(name);
  return withFields(response, headers);
}
