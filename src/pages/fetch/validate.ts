// Freshens a stored response with a 304 or with a 200 to HEAD. After a 304, the freshened response
// is the answer.
import type { FetchResult } from "../../cache/flights.ts";
import type { Route } from "../../config/config.ts";
import { fieldsOf, hasLostOctets } from "../../rules/fields.ts";
import { meaningChangedBy, freshensWhatWasSent, freshenedByHead } from "../../rules/validators.ts";
import { governingDirectives } from "../../rules/cache-control.ts";
import { qualifiedFieldNames, sharedExplicitly } from "../../rules/storable.ts";
import type { StoredBody } from "../../cache/record/record.ts";
import { clientHasIt, rangeIn } from "../request/conditions.ts";
import { isPersonal, personalRule } from "../request/personal.ts";
import {
  needsNewBody,
  type LeaderRequest,
  questionOf,
  type PendingRequest,
} from "../reuse/pending-request.ts";
import type { StampedAnswer } from "../site/origin-outcome.ts";
import {
  bodyDateOf,
  type Candidate,
  type StoredMetadata,
  type StoredResponse,
  type ResponseTier,
  wholeBytes,
} from "../stored/stored-response.ts";
import { mayBeValidated, weigh } from "../reuse/may-answer.ts";
import { allowNoReuse, makePrivate } from "../respond/downstream.ts";
import { fromStored } from "../respond/respond.ts";
import { withFields } from "../../base/with-fields.ts";
import { ageSeconds, isAlwaysValidated, keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import { effectsOf } from "../storing/answer-effects.ts";
import { applyRefusal } from "../storing/consequences.ts";
import { isFromBeforePurge } from "../storing/from-before-purge.ts";
import { storeInTiers } from "../storing/in-tiers.ts";
import { freshenedMetadata, type ReadAnswer } from "../storing/metadata-of-answer.ts";
import { arePersonal, fieldsForOneClient } from "../storing/of-one-client.ts";
import {
  isProvisional,
  needsConfirmation,
  ofOneClient,
  refusalToStore,
  refused,
  type RefusedStore,
} from "../storing/refusal.ts";
import { sendAndStoreBody } from "../storing/send-body.ts";
import { objectionsTo } from "./answer-through-parts.ts";
import { hasRoomFor } from "../storing/variant-list.ts";

/**
 * Freshens a stored response with a 304, and answers with the response. Stores it unless a refusal
 * applies, for example because the 304 is for one client.
 *
 * @param answer the 304
 * @param candidate the response whose validator was sent; no other response is freshened
 * @returns `undefined` if only the whole response may answer: the 304 refers to another response,
 *   has lost octets, or needs another part of the body than was read
 */
export async function validated(
  answer: StampedAnswer,
  candidate: Candidate,
  pending: LeaderRequest,
): Promise<FetchResult<Response> | undefined> {
  const { request, exchange } = pending;
  const { decision } = exchange;
  const { metadata: before, body } = candidate.stored;
  const fresh = updateFrom(answer, before, pending);
  if (fresh === undefined) return undefined;
  const received = fresh.response.headers;
  // The stored response lacks the validators that a rule has stripped, but a 304 repeats them.
  const { headers: compared } = effectsOf(received, before.ruleMatch, pending);
  const isSame =
    fresh.release === before.release && freshensWhatWasSent(compared, fieldsOf(before));
  if (!isSame || [...received.values()].some(hasLostOctets)) return undefined;
  reportChangedMeaning(received, before, pending);
  const read = freshenedMetadata(before, fresh, pending);
  const { metadata, effects } = read;
  if (!hasNeeded(body, metadata, pending)) return undefined;
  const why = refusalToFreshen(read, fresh, pending);
  const refusal = why?.rule;
  applyRefusal(refusal, metadata, { ...pending, replaced: candidate });
  if (why === undefined) decision.stored = true;
  else decision.refuses(why);
  decision.tier = candidate.tier;
  // A body that was never held in memory is stored apart from its head.
  const isHeadAlone =
    body.kind !== "blob" && (body.kind !== "stream" || before.bodyDigest === null);
  // The tier has returned a stream, which is stored while it is sent.
  if (body.kind === "stream" && decision.stored && !isHeadAlone) {
    return sendAndStoreBody({ metadata, source: body.stream, isValidated: true }, pending);
  }
  const stored: StoredResponse = { metadata, body };
  let done = Promise.resolve();
  if (decision.stored) {
    const ofTiers: StoredResponse = isHeadAlone ? { metadata, body: { kind: "absent" } } : stored;
    const storing = decision.awaits(storeFreshened(ofTiers, candidate, pending));
    if (!isHeadAlone) pending.flight.settle({ kind: "stored", stored });
    // Other requests look up the head once it is written. The tier of all colos may lack its body.
    done = storing.then((isKept) =>
      pending.flight.settle({ kind: "in-tiers", metadata, isOnlyInColo: !isKept }),
    );
    exchange.afterAnswer(() => done);
  }
  decision.outcome = "validated";
  const terms = termsOf(metadata, request.route);
  const response = fromStored(stored, ageSeconds(metadata, terms, exchange.nowAtMs()), pending);
  const own = fieldsForOneClient(compared, metadata, pending);
  for (const [name, value] of own) response.headers.set(name, value);
  for (const cookie of effects.cookies) response.headers.append("set-cookie", cookie);
  const isForOne = ofOneClient.has(refusal) || arePersonal(own, metadata, request.route);
  const isMadePrivate = isForOne && makePrivate(response.headers);
  if (isProvisional(before, refusal)) allowNoReuse(response.headers);
  if (why !== undefined)
    exchange.site.answers?.answered(metadata, pending, {
      refused: why,
      cookies: effects.cookies,
      isMadePrivate,
    });
  return { answer: response, done };
}

/** Returns an answer without a body as it applies to the stored body; `undefined` if it applies to another. */
function updateFrom(
  answer: StampedAnswer,
  before: StoredMetadata,
  { request }: PendingRequest,
): StampedAnswer | undefined {
  const { route } = request;
  const { response } = answer;
  if (unstoredFor(route, before).some((name) => !response.headers.has(name))) return undefined;
  const { update } = route.phases;
  if (update === undefined) return answer;
  const headers = update(response.headers, fieldsOf(before));
  return headers && { ...answer, response: withFields(response, headers) };
}

/** Returns the fields that a rule of the route may read, and that are not stored, because a directive names them. */
function unstoredFor(route: Route, before: StoredMetadata): readonly string[] {
  const { answer, phases } = route;
  if (phases.tags === undefined && answer.length === 0) return [];
  const named = qualifiedFieldNames(termsOf(before, route).governing.directives);
  const isRead = (name: string) =>
    phases.tags !== undefined || answer.some(({ reads }) => reads.includes(name));
  return [...named].filter((name) => name !== "set-cookie" && isRead(name));
}

/** Returns whether the part of the body that was read suffices for the freshened response. */
function hasNeeded(body: StoredBody, metadata: StoredMetadata, { request }: PendingRequest) {
  if (body.kind === "absent") return request.method === "HEAD" || clientHasIt(request, metadata);
  if (body.kind !== "part" || clientHasIt(request, metadata)) return true;
  const range = rangeIn(request, metadata);
  const { firstByte, lastByte } = body.range;
  return range.kind === "part" && range.firstByte === firstByte && range.lastByte === lastByte;
}

/** Reports the fields of an answer without a body that change the meaning of the stored body. */
function reportChangedMeaning(
  headers: Headers,
  before: StoredMetadata,
  { request, exchange }: PendingRequest,
): void {
  const names = meaningChangedBy(headers, fieldsOf(before));
  if (names.length === 0) return;
  exchange.site.metrics.add("changedBy304", [request.route.name]);
  exchange.decision.detail = { rule: "changed-by-304", names };
}

/**
 * Returns why an answer may not freshen the stored response. The answer is a 304, or a 200 to HEAD.
 * After a personal request, it freshens only if its own fields explicitly allow sharing.
 * Credentials that select the variant need no such permission.
 */
function refusalToFreshen(
  { metadata, effects }: ReadAnswer,
  { response: { headers }, judgedFields = headers }: StampedAnswer,
  pending: PendingRequest,
): RefusedStore | undefined {
  const { request } = pending;
  const isShared = sharedExplicitly(governingDirectives(headers, request.route.targets));
  const { status, fields, release } = metadata;
  const whole = new Headers(judgedFields);
  for (const [name, value] of fields) if (!judgedFields.has(name)) whole.append(name, value);
  const objections = objectionsTo({ status, headers: whole }, release, request);
  const answer = { ...effects, headers, ...objections };
  // RFC 9111 §7.3 allows reuse, but a 304 that sets a personal cookie is for one client.
  const rule =
    (effects.cookies.length > 0 ? "set-cookie" : undefined) ??
    personalRule(request, { isShared, selecting: metadata.selecting }) ??
    refusalToStore(metadata, answer, { ...pending, request: { ...request, method: "GET" } }) ??
    (!request.isAnonymous && needsConfirmation(metadata, request.route)
      ? "unconfirmed"
      : undefined) ??
    (hasRoomFor(metadata, pending) ? undefined : "too-many-variants");
  return rule && refused(rule, metadata, request, answer);
}

/**
 * Applies a 200 to HEAD to the stored response to GET (RFC 9111 §4.3.5). Freshens the stored
 * response if the fields show the same body. Makes it stale if they show another body, or if the
 * freshened response may not be stored. Never removes it, because many origins send different
 * validators for HEAD and GET.
 *
 * Does nothing if the request is personal or the answer sets a personal cookie. Also does nothing
 * if memory lacks the response or has a newer one, or if a flight for the key may replace it.
 */
export function learnFromHead(
  fresh: StampedAnswer,
  candidate: Candidate,
  pending: PendingRequest,
): void {
  const { request, exchange, key } = pending;
  const { site, decision } = exchange;
  const { metadata: before, body } = candidate.stored;
  const { status } = fresh.response;
  const { headers, cookies } = effectsOf(fresh.response.headers, before.ruleMatch, pending);
  const isForAll = cookies.length === 0;
  if (status !== 200 || before.status !== 200 || isPersonal(request) || !isForAll) return;
  if (fresh.release !== before.release) return;
  // It tells nothing about a response from after the purge. The view may no longer know the stamp of `before`.
  const { requestedAtMs, stamp } = fresh;
  if (isFromBeforePurge({ headers, requestedAtMs }, { ...before, stamp }, pending)) return;
  const read = site.tiers.memory.read(key, { atMs: exchange.nowAtMs() });
  const standing = read.kind === "found" && read.record.kind === "response" && read.record.stored;
  const standsAtMs = standing ? standing.metadata.requestedAtMs : undefined;
  const isOvertaken = site.flights.get(key.text, exchange.nowAtMs()) !== undefined;
  if (isOvertaken || (standsAtMs ?? 0) > before.requestedAtMs) return;
  // If memory has no record, lower tiers may contain a newer response than the candidate.
  if (body.kind !== "blob" || standsAtMs === undefined) return;
  const store = (metadata: StoredMetadata) =>
    exchange.afterAnswer(async () => {
      await decision.awaits(storeFreshened({ metadata, body }, candidate, pending));
    });
  const bodyBytes = wholeBytes(before);
  const comparison = freshenedByHead(headers, fieldsOf(before), {
    bodyBytes,
    bodyDate: bodyDateOf(before),
  });
  const { ttlSeconds, ageSeconds: lifetimeSecondsMax } = weigh(candidate, questionOf(pending));
  const makeStale = () => ttlSeconds > 0 && store({ ...before, lifetimeSecondsMax });
  if (comparison === "other") return void makeStale();
  if (comparison === "unknown" || needsNewBody(candidate, pending)) return;
  if (!mayBeValidated(questionOf(pending), candidate)) return;
  const update = updateFrom(fresh, before, pending);
  if (update === undefined) return void makeStale();
  reportChangedMeaning(update.response.headers, before, pending);
  const freshened = freshenedMetadata(before, update, pending);
  if (refusalToFreshen(freshened, update, pending) !== undefined) return void makeStale();
  store(freshened.metadata);
}

async function storeFreshened(
  stored: StoredResponse,
  from: Candidate,
  pending: PendingRequest,
): Promise<boolean> {
  const isHeadAlone = stored.body.kind === "absent";
  const { site } = pending.exchange;
  const { below } = site.tiers;
  const into = isHeadAlone ? below : tiersToUpdate(from.stored.metadata, stored.metadata, pending);
  const isKept = await storeInTiers(stored, { ...pending, into }, "unchanged");
  site.answers?.answered(stored.metadata, pending);
  return isKept;
}

/**
 * Returns the tiers to write to: only memory, or all. It is only memory for a response that is
 * validated at every use, until half of the retention time has passed. A response with changed
 * tags, or one that awaited a second request, is written to all tiers.
 */
function tiersToUpdate(
  before: StoredMetadata,
  now: StoredMetadata,
  pending: PendingRequest,
): readonly ResponseTier[] {
  const { all, memory } = pending.exchange.site.tiers;
  const tagsIn = ({ tags, withheldTags }: StoredMetadata) => JSON.stringify([tags, withheldTags]);
  // Purges must find the new tags in every tier.
  if (before.awaitsSecondAsk === true || tagsIn(before) !== tagsIn(now)) return all;
  const { route } = pending.request;
  const atMs = pending.exchange.nowAtMs();
  const [termsBefore, terms] = [termsOf(before, route), termsOf(now, route)];
  const leftMs = keepUntilAtMs(before, termsBefore) - atMs;
  const isLong = leftMs > (keepUntilAtMs(now, terms) - atMs) / 2;
  return isAlwaysValidated(terms) && isLong ? [memory] : all;
}
