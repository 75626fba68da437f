// Finds the slices of a body in the tiers, or fetches them. A slice has no judgement of its own: it
// is as old as its head.
import { Flights } from "../../cache/flights.ts";
import { writeToTiers } from "../../cache/write-tiers.ts";
import { discardBody, type StoredBody } from "../../cache/record/record.ts";
import { largeBodyBytesMax } from "../../cache/tiers/tier.ts";
import { governingDirectives } from "../../rules/cache-control.ts";
import { type ByteRange, lengthOf } from "../../rules/ranges.ts";
import { forbiddingDirective } from "../../rules/storable.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { inNeutralContext } from "../../base/neutral-context.ts";
import { sha256Base64url } from "../../base/sha256.ts";
import { forwardAsked } from "../../pages/fetch/forward.ts";
import { inPublicContext } from "../../pages/fetch/public-context.ts";
import { mayValidate } from "../../pages/reuse/pending-request.ts";
import { inNobodysName } from "../../pages/fetch/refresh.ts";
import { asRefresh } from "../../pages/request/plan.ts";
import { sharedMsMax } from "../../pages/request/brief-retention.ts";
import type { PagePlace } from "../../pages/site/exchange.ts";
import { BoundedMarks } from "../../base/bounded-map.ts";
import { Marks } from "../../base/marks.ts";
import { keepUntilAtMs, termsOf } from "../../pages/stored/lifetime.ts";
import {
  originValidatorOf,
  responseIn,
  type ResponseTier,
} from "../../pages/stored/stored-response.ts";
import { isFromBeforePurge } from "../../pages/storing/from-before-purge.ts";
import { removeStored } from "../../pages/storing/in-tiers.ts";
import { effectsOf } from "../../pages/storing/answer-effects.ts";
import {
  type Head,
  isHead,
  isOfBody,
  nameOfSlice,
  rangeOfSlice,
  totalBytesIn,
  wholeSlice,
} from "./fit.ts";

/**
 * Why a slice is missing. `changed`: the origin has another body. `ended`: a purge has ended the
 * head. `no-room`: memory is short, or the answer may fetch no more slices. `limited`: the client may
 * cause no more fetches.
 */
export type NoSlice = "changed" | "failed" | "ended" | "no-room" | "limited";

export type SliceBody = Exclude<StoredBody, { kind: "absent" }>;
export type Slice = SliceBody | NoSlice;

/** An answer from slices. */
export interface SlicedAnswer {
  readonly head: Head;
  readonly place: PagePlace;
  /** The calls that the answer may still make: one for a read, and two more for a fetch. */
  callsLeft: number;
}

interface SliceOutcome {
  readonly kind: "slice";
  readonly fetched: Blob | NoSlice;
  readonly stored?: undefined;
}

/** Searches of one slice in the tiers, and the outcome of a fetch that has ended since they began. */
interface Search {
  outcome?: SliceOutcome;
}

const hourMs = 3_600_000;
/** The time for which a slice is kept at least, because a 304 renews its head and not the slice. */
const keptMsMin = 7 * 24 * hourMs;

export class SliceStore {
  readonly #flights = new Flights<SliceOutcome>();
  /** By slice: a search may outlast a whole flight. */
  readonly #searches = new BoundedMarks<Search>();
  /** The generations whose body has changed, and the URLs, within the last hour. */
  readonly #ended = new Marks(hourMs);
  readonly #changed = new Marks(hourMs);
  /** The URLs whose bodies are not sliced for now. */
  readonly #unsliced = new Marks(hourMs);

  /** Stops slicing a URL, for an hour by default. */
  stop({ request, exchange }: PagePlace, forMs = hourMs): void {
    this.#unsliced.mark(request.key.text, exchange.nowAtMs(), forMs);
  }

  isStopped({ request, exchange }: PagePlace): boolean {
    return this.#unsliced.has(request.key.text, exchange.nowAtMs());
  }

  /**
   * Finds a slice, or fetches it. Concurrent requests share one fetch, which counts against the limit
   * of the first client. Never rejects.
   *
   * @param part the bytes of the slice that the answer needs, counted from the slice's first byte
   */
  async find(nth: number, answer: SlicedAnswer, part: ByteRange): Promise<Slice> {
    const { exchange, request } = answer.place;
    const { text } = keyOf(nth, answer);
    if (answer.callsLeft < 3) return "no-room";
    answer.callsLeft -= 1;
    const underWay = this.#underWay(text, answer.place);
    if (underWay !== undefined) return underWay;
    const search = this.#searches.get(text) ?? {};
    this.#searches.set(text, search);
    const stored = await this.#stored(nth, answer, part);
    if (stored !== undefined) return stored;
    if (request.directives.onlyIfCached) return "failed";
    const { clientAddress } = request.forwarded;
    if ((await exchange.site.clientLimit?.isReached(clientAddress)) === true) return "limited";
    // Another request may have started the fetch since, and even ended it.
    const begun = this.#underWay(text, answer.place);
    if (begun !== undefined) return begun;
    if (search.outcome !== undefined) return resultOf(search.outcome);
    answer.callsLeft -= 2;
    // The body as well is read in this context, because a handler may write it only when it is read.
    return this.lead(nth, answer, () => inNeutralContext(() => this.#fetched(nth, answer)));
  }

  #underWay(key: string, { request, exchange }: PagePlace) {
    const flight = this.#flights.get(key, exchange.nowAtMs());
    return flight
      ?.wait(request.route.waitTimeoutMs)
      .then((heard): Slice => (typeof heard === "string" ? "failed" : resultOf(heard.outcome)));
  }

  /** Fetches a slice for all requests, and keeps it. The budget counts it until it is stored. */
  async lead(
    nth: number,
    answer: SlicedAnswer,
    fetch: () => Promise<Blob | NoSlice>,
  ): Promise<Slice> {
    const { exchange } = answer.place;
    const { text } = keyOf(nth, answer);
    const bytes = lengthOf(rangeOfSlice(nth, answer.head.heldApart));
    const giveBack = exchange.site.fillBudget.lend(bytes, "shared");
    if (giveBack === undefined) return "no-room";
    const lead = async (flight: { settle(outcome: SliceOutcome): void }) => {
      const fetched = await fetch().catch(() => "failed" as const);
      const outcome = { kind: "slice", fetched } as const;
      flight.settle(outcome);
      const search = this.#searches.get(text);
      this.#searches.delete(text);
      if (search !== undefined) search.outcome = outcome;
      const done = typeof fetched === "string" ? undefined : keepSlice(nth, answer, fetched);
      return { answer: outcome, done: (done ?? Promise.resolve()).finally(giveBack) };
    };
    return resultOf(await this.#flights.start(text, lead, exchange, { isAnonymous: true }).answer);
  }

  async #stored(nth: number, answer: SlicedAnswer, part: ByteRange) {
    const { exchange } = answer.place;
    const bytes = lengthOf(rangeOfSlice(nth, answer.head.heldApart));
    const range = lengthOf(part) === bytes ? undefined : part;
    // A larger slice is stored apart from its record.
    const isWithRecord = bytes <= largeBodyBytesMax;
    for (const tier of tiersOf(answer.place, answer.head.heldApart.sliceBytes)) {
      const stored = responseIn(
        await tier.read(keyOf(nth, answer), {
          atMs: exchange.nowAtMs(),
          part: "whole",
          isHeld: () => false,
          rangeOf: () => range,
          knownRange: isWithRecord ? range : undefined,
          afterAnswer: exchange.afterAnswer,
        }),
      );
      const isWhole = stored?.metadata.bodyBytes === bytes;
      if (isWhole && stored.body.kind !== "absent") return stored.body;
      discardBody(stored);
    }
    return undefined;
  }

  async #fetched(nth: number, answer: SlicedAnswer): Promise<Blob | NoSlice> {
    const range = rangeOfSlice(nth, answer.head.heldApart);
    const body = await this.ask(range, answer);
    if (typeof body === "string") return body;
    const read = await wholeSlice(body, range);
    return typeof read === "string" || (await isValid(answer)) ? read : "ended";
  }

  /**
   * Returns the origin's bytes of a range of the head's body. Rule 23 of the purge protocol applies
   * before the request and after the answer.
   */
  async ask(
    { firstByte, lastByte }: ByteRange,
    answer: SlicedAnswer,
  ): Promise<NonNullable<Response["body"]> | NoSlice> {
    const { head, place } = answer;
    const validator = originValidatorOf(head);
    if (validator === undefined || !(await isValid(answer))) return "ended";
    const names = head.selecting.map(([name]) => name);
    const request = inNobodysName(asRefresh(place.request, names), head);
    const fields = [...sliceFields({ firstByte, lastByte }), ["if-range", validator] as const];
    const asked = await inPublicContext(request.route.origin, place.exchange, (exchange) =>
      forwardAsked(request, fields, exchange),
    );
    const { decision } = place.exchange;
    if (asked.kind === "failed") {
      decision.noteNoAnswer();
      return "failed";
    }
    const { response } = asked;
    decision.heard({ ...asked, status: response.status });
    const totalBytes = totalBytesIn(response, { firstByte, lastByte });
    const { headers } = response;
    const { cookies } = effectsOf(headers, head.ruleMatch, { ...place, request });
    const isJudgedFit = (asked.failure ?? asked.refusal) === undefined;
    const { directives } = governingDirectives(headers, request.route.targets);
    const isForbidden = forbiddingDirective(directives) !== undefined;
    const mayStore = isJudgedFit && cookies.length === 0 && !isForbidden;
    const isSame = mayStore && totalBytes === head.heldApart.totalBytes && isOfBody(headers, head);
    const { requestedAtMs } = asked;
    const isOld = isFromBeforePurge({ headers, requestedAtMs }, head, place);
    const isFit = isSame && !isOld && response.body !== null;
    if (isFit && (await isValid(answer))) return response.body;
    cancelBody(response);
    // An old answer, or a failure, tells nothing about the body that the origin has now.
    if (isOld || asked.failure !== undefined) return "failed";
    if (isSame) return "ended";
    const isChanged = response.status < 400 || [404, 410, 416].includes(response.status);
    if (isChanged) this.#noteChange(answer);
    return isChanged ? "changed" : "failed";
  }

  /**
   * Removes the head of a body that has changed. The second change within an hour stops slicing,
   * because two servers with different validators may answer in turn.
   */
  #noteChange({ head, place }: SlicedAnswer): void {
    const { request, exchange, key } = place;
    const atMs = exchange.nowAtMs();
    const { generation } = head.heldApart;
    if (!this.#ended.has(generation, atMs)) {
      if (this.#changed.has(request.key.text, atMs)) this.stop(place);
      this.#changed.mark(request.key.text, atMs);
      this.#ended.mark(generation, atMs);
    }
    const { memory } = exchange.site.tiers;
    const standing = responseIn(memory.read(key, { atMs, isPeek: true }))?.metadata;
    const isOther = standing && !(isHead(standing) && standing.heldApart.generation === generation);
    if (isOther !== true) removeStored(key, exchange, [key.host]);
  }
}

/** Returns the fields of a request for a slice, which must have no content coding. */
export function sliceFields({ firstByte, lastByte }: ByteRange) {
  return [
    ["range", `bytes=${firstByte}-${lastByte}`],
    ["accept-encoding", "identity"],
  ] as const;
}

/** Returns whether no purge has ended the head, and the origin may receive its validator. */
async function isValid({ head, place }: SlicedAnswer): Promise<boolean> {
  const { exchange, key } = place;
  // The position of a purge that the client has sent concerns only responses from before its request.
  const inView = { ...place, exchange: { ...exchange, reach: undefined } };
  if (exchange.site.invalidations.covers(head, key)) return false;
  return mayValidate({ stored: { metadata: head } }, inView);
}

/**
 * Returns the tiers for slices: the colo's, and R2 for slices that are too large for Redis. Without
 * a tier of the colo, these are all tiers.
 */
export function tiersOf(
  { request, exchange: { site } }: PagePlace,
  sliceBytes: number,
): readonly ResponseTier[] {
  const { all, ofColo, ofWorld } = site.tiers.of(request.route.tiers);
  if (ofColo === undefined) return all;
  const isForR2 = ofWorld?.bodies !== undefined && sliceBytes > site.config.limits.sharedBodyBytes;
  return isForR2 ? [ofColo, ofWorld] : [ofColo];
}

function keyOf(nth: number, { head, place }: SlicedAnswer) {
  return place.request.key.with(nameOfSlice(nth, head.heldApart), false);
}

async function keepSlice(nth: number, answer: SlicedAnswer, blob: Blob): Promise<void> {
  const { head, place } = answer;
  const { request, exchange } = place;
  // Rule 24 of the purge protocol.
  if (exchange.site.bypasses(request.route.name)) return;
  // Nothing judges this metadata, which only the form of records needs.
  const nothing = { fields: [], selecting: [], tags: [], withheldTags: undefined };
  const metadata = {
    ...head,
    ...nothing,
    heldApart: undefined,
    bodyBytes: blob.size,
    bodyDigest: await sha256Base64url(new Uint8Array(await blob.arrayBuffer())),
  };
  const atMs = exchange.nowAtMs();
  const record = { kind: "response", stored: { metadata, body: { kind: "blob", blob } } } as const;
  const headUntilAtMs = keepUntilAtMs(head, termsOf(head, request.route));
  const untilAtMs = Math.max(headUntilAtMs, atMs + keptMsMin);
  const tiers = tiersOf(place, head.heldApart.sliceBytes);
  await writeToTiers([{ key: keyOf(nth, answer), record, untilAtMs }], tiers, {
    atMs,
    body: "new",
    isAskedAgain: true,
    sharedMsMax: sharedMsMax(request, exchange.site),
  });
}

function resultOf(outcome: SliceOutcome | { readonly kind: "nothing-to-share" }): Slice {
  if (outcome.kind !== "slice") return "failed";
  const { fetched } = outcome;
  return typeof fetched === "string" ? fetched : { kind: "blob", blob: fetched };
}
