// Freshens a stored response from the 304 that validated it, and answers with it.
import type { FetchResult } from "../../cache/flights.ts";
import { fieldsOf } from "../../rules/fields.ts";
import { governingDirectives } from "../../rules/governing-directives.ts";
import { sharedExplicitly } from "../../rules/storable.ts";
import { freshensWhatWasSent, freshenedByHead } from "../../rules/validators.ts";
import { personalCookies } from "../request/cookies.ts";
import { isPersonal, personalRule } from "../request/personal.ts";
import { type LeadNeed, type OriginNeed, questionOf } from "../reuse/need.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { mayBeValidated, weigh } from "../reuse/verdict.ts";
import { makePrivate } from "../respond/downstream.ts";
import { fromStored } from "../respond/respond.ts";
import { ageSeconds, isAlwaysValidated, keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import { bodyDateOf, type StoredMetadata, type StoredResponse } from "../stored/stored-response.ts";
import type { ResponseTier } from "../stored/tiers.ts";
import { applyRefusal } from "../storing/consequences.ts";
import { storeInTiers } from "../storing/in-tiers.ts";
import { type OriginAnswer, freshenedMetadata } from "../storing/metadata-of-answer.ts";
import { arePersonal, fieldsForOneClient } from "../storing/of-one-client.ts";
import { noteAnswer } from "../storing/last-answer.ts";
import { ofOneClient, refusalToStore, refused, type StoreRefusal } from "../storing/refusal.ts";
import { sendAndStoreBody } from "../storing/store-while-sending.ts";
import { hasRoomFor } from "../storing/variants.ts";

/**
 * Answers with a stored response that the origin has validated, and stores it freshened.
 *
 * @param fresh     a 304
 * @param candidate the response whose validator was sent, with its whole body; no other is freshened (RFC
 *   9111 §4.3.4)
 * @returns `undefined` if the 304 is about another response
 */
export async function validated(
  fresh: OriginAnswer,
  candidate: Candidate,
  led: LeadNeed,
): Promise<FetchResult<Response> | undefined> {
  const { asked, exchange } = led;
  const { decision } = exchange;
  const { metadata: before, body } = candidate.stored;
  if (!freshensWhatWasSent(fresh.response.headers, fieldsOf(before))) return undefined;
  const metadata = freshenedMetadata(before, fresh, led);
  // RFC 9111 §7.3: a cookie, and with it this answer, is for one client.
  const cookies = personalCookies(fresh.response.headers, asked.route, exchange.site.config);
  const refusal =
    cookies.length > 0 ? "set-cookie" : refusalToFreshen(metadata, fresh.response, led);
  applyRefusal(refusal, metadata, { ...led, replaced: candidate });
  decision.stored = refusal === undefined;
  decision.tier = candidate.tier;
  // Too large for memory: read it again from its tier, and store it on the way.
  if (body.kind === "stream" && decision.stored) {
    return sendAndStoreBody({ metadata, source: body.stream, isValidated: true }, led);
  }
  const stored: StoredResponse = { metadata, body };
  let done = Promise.resolve();
  if (decision.stored && body.kind === "blob") {
    done = decision.awaits(storeFreshened(stored, candidate, led));
    led.flight.settle({ kind: "stored", stored });
    exchange.afterAnswer(() => done);
  }
  decision.outcome = "validated";
  const terms = termsOf(metadata, asked.route);
  const response = fromStored(stored, ageSeconds(metadata, terms, exchange.nowAtMs()), led);
  const own = fieldsForOneClient(fresh.response.headers, metadata, led);
  for (const [name, value] of own) {
    if (name !== "set-cookie") response.headers.set(name, value);
  }
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  const isForOne = ofOneClient.has(refusal) || arePersonal(own, metadata);
  const isMadePrivate = isForOne && makePrivate(response.headers);
  if (refusal !== undefined) {
    noteAnswer(metadata, led, { refused: refused(refusal, metadata, asked), isMadePrivate });
  }
  return { answer: response, done };
}

/**
 * Returns why a 304 may not freshen the stored response. An answer to a client's cookie or credential may be
 * personal, so it counts only if it says that it may be shared.
 */
function refusalToFreshen(
  metadata: StoredMetadata,
  { headers }: Response,
  need: OriginNeed,
): StoreRefusal | undefined {
  const { asked } = need;
  const isShared = sharedExplicitly(governingDirectives(headers));
  return (
    personalRule(asked, { isShared, selecting: metadata.selecting }) ??
    refusalToStore(metadata, headers, { ...need, asked: { ...asked, method: "GET" } }) ??
    (hasRoomFor(metadata, need) ? undefined : "too-many-variants")
  );
}

/**
 * Applies a 200 to HEAD to the stored response to GET (RFC 9111 §4.3.5). Freshens that response, or makes
 * it stale if the answer is about another body or may not be shared. Never removes it: many origins send
 * other validators with HEAD than with GET. Ignores an answer for one client alone, and one older than the
 * stored response.
 */
export function learnFromHead(fresh: OriginAnswer, candidate: Candidate, need: OriginNeed): void {
  const { asked, exchange, key } = need;
  const { site } = exchange;
  const { decision } = exchange;
  const { metadata: before, body } = candidate.stored;
  const { headers, status } = fresh.response;
  const isForAll = personalCookies(headers, asked.route, site.config).length === 0;
  if (status !== 200 || before.status !== 200 || isPersonal(asked) || !isForAll) return;
  const held = site.tiers.memory.read(key, { atMs: exchange.nowAtMs() });
  const standing = held.kind === "found" && held.record.kind === "response" && held.record.stored;
  const standsAtMs = standing ? standing.metadata.requestedAtMs : undefined;
  const isOvertaken = site.flights.get(key.text, exchange.nowAtMs()) !== undefined;
  if (isOvertaken || (standsAtMs ?? 0) > before.requestedAtMs) return;
  // Lower tiers may hold a newer response that this isolate has not seen.
  if (body.kind !== "blob" || standsAtMs === undefined) return;
  const store = (metadata: StoredMetadata) =>
    exchange.afterAnswer(() =>
      decision.awaits(storeFreshened({ metadata, body }, candidate, need)),
    );
  const { bodyBytes } = before;
  const told = freshenedByHead(headers, fieldsOf(before), {
    bodyBytes,
    bodyDate: bodyDateOf(before),
  });
  const { ttlSeconds, ageSeconds: lifetimeSecondsMax } = weigh(candidate, questionOf(need));
  const makeStale = () => ttlSeconds > 0 && store({ ...before, lifetimeSecondsMax });
  if (told === "other") return void makeStale();
  if (told === "unknown" || !mayBeValidated(questionOf(need), candidate)) return;
  const metadata = freshenedMetadata(before, fresh, need);
  if (refusalToFreshen(metadata, fresh.response, need) !== undefined) return void makeStale();
  store(metadata);
}

async function storeFreshened(
  stored: StoredResponse,
  from: Candidate,
  need: OriginNeed,
): Promise<void> {
  const into = tiersToUpdate(from.stored.metadata, stored.metadata, need);
  await storeInTiers(stored, { ...need, into }, "unchanged");
  noteAnswer(stored.metadata, need);
}

/**
 * Returns the tiers to write. A response validated at every use is rewritten below memory only once half of
 * its time there is over. New tags, or the end of its wait for a second request, rewrite it everywhere.
 */
function tiersToUpdate(
  before: StoredMetadata,
  now: StoredMetadata,
  need: OriginNeed,
): readonly ResponseTier[] {
  const { all, memory } = need.exchange.site.tiers;
  const tagsIn = ({ tags, withheldTags }: StoredMetadata) => JSON.stringify([tags, withheldTags]);
  // Purges must find its new tags in every tier.
  if (before.awaitsSecondAsk === true || tagsIn(before) !== tagsIn(now)) return all;
  const { route } = need.asked;
  const atMs = need.exchange.nowAtMs();
  const [termsBefore, terms] = [termsOf(before, route), termsOf(now, route)];
  const leftMs = keepUntilAtMs(before, termsBefore) - atMs;
  const isLong = leftMs > (keepUntilAtMs(now, terms) - atMs) / 2;
  return isAlwaysValidated(terms) && isLong ? [memory] : all;
}
