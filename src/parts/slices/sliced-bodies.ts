// Stores a body as a head, which is an ordinary stored response without its body, and slices.
import { optionsOf } from "../../part/port/part.ts";
import type { FetchResult } from "../../cache/flights.ts";
import { discardBody, type Stamp } from "../../cache/record/record.ts";
import { BoundedMarks } from "../../base/bounded-map.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { type ByteRange, firstByteOf } from "../../rules/ranges.ts";
import { selects } from "../../rules/selecting.ts";
import { isOfOneRequest } from "../../rules/storable.ts";
import type { Decision } from "../../observe/decision.ts";
import { objectionsTo } from "../../pages/fetch/answer-through-parts.ts";
import { isForAll } from "../../pages/fetch/answer-on-miss.ts";
import { inNobodysName } from "../../pages/fetch/refresh.ts";
import { clientHasIt, rangeIn, withoutRange } from "../../pages/request/conditions.ts";
import { asRefresh, type LookupRequest } from "../../pages/request/plan.ts";
import { contentDigests } from "../../pages/respond/downstream.ts";
import { cutToRange, fromStored } from "../../pages/respond/respond.ts";
import {
  type LeaderRequest,
  needsNewBody,
  mayValidate,
  storedCandidate,
  type PendingRequest,
} from "../../pages/reuse/pending-request.ts";
import type { PagePlace } from "../../pages/site/exchange.ts";
import type { StampedAnswer } from "../../pages/site/origin-outcome.ts";
import type { BodyHolder, HolderRequest } from "../../pages/site/body-holder-port.ts";
import { ageSeconds, termsOf } from "../../pages/stored/lifetime.ts";
import {
  originValidatorOf,
  type StoredMetadata,
  validatorOf,
} from "../../pages/stored/stored-response.ts";
import { withAdmission } from "../../pages/storing/admit-to-shared.ts";
import { applyStored } from "../../pages/storing/consequences.ts";
import { taggedByLength, withheldTag } from "../../pages/storing/lying-validators.ts";
import { metadataOf } from "../../pages/storing/metadata-of-answer.ts";
import { fieldsForOneClient } from "../../pages/storing/of-one-client.ts";
import { isProvisional, refusedBy } from "../../pages/storing/refusal.ts";
import { sendAndStore } from "../../pages/storing/send-and-store.ts";
import { storeWhole } from "../../pages/storing/store-whole.ts";
import {
  type Head,
  isHead,
  nthSliceAt,
  rangeOfSlice,
  totalBytesBefore,
  totalBytesIn,
  wholeSlice,
} from "./fit.ts";
import { openSlices, partOfSlice } from "./send-slices.ts";
import { type Slice, sliceFields, type SlicedAnswer, SliceStore, tiersOf } from "./slice-store.ts";

/**
 * While the view cannot vouch for a new response, or a slice could not be fetched, a URL is not sliced
 * for this time.
 */
const pausedMs = 10_000;

/** The slice that an answer has filled, and the fields of the answer. */
interface FirstSlice {
  readonly nth: number;
  readonly slice: Slice;
}

/** The options of slices on a route, with their defaults. */
export interface SliceLimits {
  readonly sliceBytes: number;
  readonly fetchesMax: number;
}

export const defaultLimits: SliceLimits = { sliceBytes: 1_048_576, fetchesMax: 12 };

/** Returns the limits at a place. A route without slices may still answer from slices that it stored before. */
const limitsOn = ({ request }: PagePlace): SliceLimits =>
  (optionsOf(request.route, "slices") ?? defaultLimits) as SliceLimits;

export class SlicedBodies implements BodyHolder {
  readonly #store = new SliceStore();
  /** The last known length of the body of each URL. */
  readonly #lengths = new BoundedMarks<number>();
  /** The first slices of answers, or their searches. */
  readonly #first = new WeakMap<Decision, Slice | Promise<Slice>>();

  has(head: StoredMetadata, { request, exchange }: PagePlace): boolean {
    return isHead(head) && !exchange.site.runsInCaller(request.route.origin);
  }

  mayCollapse(place: PagePlace): boolean {
    const { request, exchange } = place;
    const { route } = request;
    return (
      route.traits.holdsBodies === true &&
      isForAll(place) &&
      !exchange.site.runsInCaller(route.origin) &&
      !this.#store.isStopped(place) &&
      tiersOf(place, this.#bytesAt(place)).length > 0
    );
  }

  ask(pending: PendingRequest, stamp: Stamp): HolderRequest | undefined {
    if (!this.mayCollapse(pending)) return undefined;
    if (!isVouchedFor(stamp, pending)) {
      this.#store.stop(pending, pausedMs);
      return undefined;
    }
    const { request, marker } = pending;
    const like = storedCandidate(pending)?.stored.metadata;
    const selecting = like?.selecting.map(([name]) => name) ?? [];
    const names = [...selecting, ...(marker?.names ?? []), "accept-encoding", "origin"];
    const { conditions, directives } = request;
    const neutral = inNobodysName(asRefresh(request, names), like, names);
    const known = this.#lengths.get(request.key.text) ?? like?.heldApart?.totalBytes;
    const range = this.#rangeFor(pending, known);
    return {
      request: { ...neutral, conditions, directives },
      fields: sliceFields(range),
      take: (fresh: StampedAnswer, place: LeaderRequest) =>
        this.#taken(fresh, place, { client: request, range }),
    };
  }

  /**
   * Stores a 206 as a head and its first slice, or whole if it has the whole body, and answers the
   * client from them.
   *
   * @param asked.range the range of the slice
   */
  async #taken(
    fresh: StampedAnswer,
    pending: LeaderRequest,
    { client, range }: { readonly client: LookupRequest; readonly range: ByteRange },
  ): ReturnType<HolderRequest["take"]> {
    const { response } = fresh;
    const { body, status } = response;
    // The answer to another range than the client's, or a refusal of this range.
    const isOfSlice = status === 206 || (isOfOneRequest(status) && status < 500);
    if (!isOfSlice) return "not-held";
    const totalBytes = totalBytesIn(response, range);
    const knownBytes = totalBytes ?? totalBytesBefore(response, range);
    if (knownBytes !== undefined) this.#lengths.set(pending.request.key.text, knownBytes);
    if (totalBytes === undefined || body === null) {
      // A refusal may be about this range only.
      if (status === 206) this.#store.stop(pending);
      cancelBody(response);
      return "own-request";
    }
    // A body of one slice is stored like any other body.
    if (range.firstByte === 0 && totalBytes <= range.lastByte + 1) {
      const whole = asWhole(fresh, totalBytes, body, pending);
      const sent = await sendAndStore(whole, {
        ...pending,
        // `cutToRange` evaluates the range.
        request: withoutRange(pending.request),
      });
      const { request, exchange } = pending;
      const answer = cutToRange(sent.answer, totalBytes, request.conditions, exchange);
      return { ...sent, answer };
    }
    const whole = asWhole(fresh, totalBytes, null, pending);
    const made = this.#headOf(whole, pending, client, totalBytes);
    if (typeof made === "string") {
      // Another client may get an answer that can be stored.
      if (made === "refused") this.#store.stop(pending);
      if (made === "old") this.#store.stop(pending, pausedMs);
      cancelBody(response);
      return "own-request";
    }
    const head = await inGeneration(made, pending);
    const nth = nthSliceAt(range.firstByte, head);
    const slice = await this.#store.lead(nth, this.#answer(head, pending), () =>
      wholeSlice(body, rangeOfSlice(nth, head.heldApart)),
    );
    // A purge during the wait may have ended the older slices of the generation.
    const mayAnswer = head === made || (await inGeneration(made, pending)) !== made;
    if (typeof slice !== "string" && mayAnswer) {
      return this.#sendAndStore(head, pending, { nth, slice });
    }
    if (slice === "no-room") cancelBody(response);
    return "own-request";
  }

  /**
   * Returns the head; `refused` if the origin forbids slices, `for-one` if the refusal is about this client, and
   * `old` if the answer may be from before a purge or release.
   */
  #headOf(
    whole: StampedAnswer,
    pending: LeaderRequest,
    client: LookupRequest,
    totalBytes: number,
  ): Head | "refused" | "for-one" | "old" {
    const read = metadataOf(whole, pending);
    const answer = withheldTag(read.metadata, pending);
    const metadata = { ...taggedByLength(answer, pending), bodyBytes: 0 };
    const isForbidden =
      originValidatorOf(metadata) === undefined ||
      fieldsForOneClient(read.effects.headers, metadata, pending).length > 0;
    const rule = refusedBy(metadata, { ...whole, ...read.effects }, pending)?.rule;
    if (isProvisional(metadata, rule)) return "old";
    const isForOne = rule === "names-client" || rule === "too-many-variants";
    if (isForbidden || (rule !== undefined && !isForOne)) return "refused";
    if (isForOne || !selects(metadata.selecting, client.forwarded)) return "for-one";
    const generation = crypto.randomUUID();
    const heldApart = { generation, sliceBytes: this.#bytesAt(pending), totalBytes };
    return { ...metadata, heldApart };
  }

  #sendAndStore(
    head: Head,
    pending: LeaderRequest,
    { nth, slice }: FirstSlice,
  ): FetchResult<Response> {
    const { exchange, request, key } = pending;
    const { decision, site } = exchange;
    applyStored(head, pending);
    const metadata = withAdmission(head, pending);
    decision.outcome = "stored";
    const storing = async () => {
      await storeWhole(new Blob(), { metadata, isValidated: false }, pending);
      site.uncacheable.pass.forget(key.text);
      site.answers?.answered(head, pending);
    };
    const done = decision.awaits(storing());
    exchange.afterAnswer(() => done);
    const wanted = rangeWanted(request, head);
    if (wanted !== undefined && nth === nthSliceAt(wanted.firstByte, head)) {
      this.#first.set(decision, slice);
    }
    const stored = { metadata: head, body: { kind: "absent" } } as const;
    const age = ageSeconds(head, termsOf(head, request.route), exchange.nowAtMs());
    return { answer: fromStored(stored, age, pending), done };
  }

  async ready(
    metadata: StoredMetadata,
    place: PagePlace,
    mayAnswer: () => boolean,
  ): Promise<"ready" | "gone" | "limited"> {
    const head = metadata as Head;
    const wanted = rangeWanted(place.request, head);
    if (wanted === undefined) return mayAnswer() ? "ready" : "gone";
    const first = await this.#find(wanted, this.#answer(head, place));
    if (first === "limited") return first;
    // The fetch of another head would end this generation.
    const { onlyIfCached } = place.request.directives;
    if (first === "failed" && !onlyIfCached) this.#store.stop(place, pausedMs);
    const isFound = typeof first === "object" || first === "no-room";
    if (isFound && mayAnswer()) {
      this.#first.set(place.exchange.decision, first);
      return "ready";
    }
    if (typeof first === "object") discardBody({ body: first });
    return "gone";
  }

  read(
    metadata: StoredMetadata,
    part: ByteRange | undefined,
    place: PagePlace,
  ): ReadableStream<Uint8Array> {
    const head = metadata as Head;
    // A refresh has no client that reads a body.
    if (place.exchange.decision.isRefresh) return new Blob().stream();
    const range = part ?? { firstByte: 0, lastByte: head.heldApart.totalBytes - 1 };
    const answer = this.#answer(head, place);
    const ready = this.#first.get(place.exchange.decision);
    const first = ready ?? this.#find(range, answer);
    if (ready === undefined) this.#first.set(place.exchange.decision, first);
    else this.#first.delete(place.exchange.decision);
    return openSlices(range, answer, this.#store, first);
  }

  async hasBegun(place: PagePlace): Promise<boolean> {
    const first = await this.#first.get(place.exchange.decision);
    this.#first.delete(place.exchange.decision);
    if (typeof first !== "string" || first === "no-room" || first === "limited") return true;
    this.#store.stop(place, pausedMs);
    return false;
  }

  /** Finds the first slice of a range. */
  #find(range: ByteRange, answer: SlicedAnswer): Promise<Slice> {
    const nth = nthSliceAt(range.firstByte, answer.head);
    return this.#store.find(nth, answer, partOfSlice(nth, range, answer));
  }

  #answer(head: Head, place: PagePlace): SlicedAnswer {
    return { head, place, callsLeft: 3 * limitsOn(place).fetchesMax };
  }

  /** Returns the length of new slices. Memory has a limit of its own for bodies. */
  #bytesAt(place: PagePlace): number {
    const { ofColo, memory } = place.exchange.site.tiers.of(place.request.route.tiers);
    const { sliceBytes } = limitsOn(place);
    return ofColo === undefined
      ? Math.min(sliceBytes, Math.floor(memory.largestBodyBytes))
      : sliceBytes;
  }

  /** Returns the slice with the first byte that the client wants, or else the first slice. */
  #rangeFor(place: PagePlace, totalBytes: number | undefined): ByteRange {
    const bytes = this.#bytesAt(place);
    const asked = firstByteOf(place.request.conditions.get("range"), totalBytes);
    const firstByte = asked - (asked % bytes);
    return { firstByte, lastByte: firstByte + bytes - 1 };
  }
}

/**
 * Returns the head in the generation of the standing one, whose slices stay useful, if a strong
 * validator shows the same body (RFC 9110 §8.8.1), and no purge covers it. Rule 23 of the purge protocol applies.
 */
async function inGeneration(head: Head, pending: LeaderRequest): Promise<Head> {
  const standing = storedCandidate(pending);
  if (standing === undefined) return head;
  const before = standing.stored.metadata;
  const { sliceBytes, totalBytes } = head.heldApart;
  const isSame =
    isHead(before) &&
    before.heldApart.sliceBytes === sliceBytes &&
    before.heldApart.totalBytes === totalBytes &&
    validatorOf(before) !== undefined &&
    validatorOf(before) === validatorOf(head);
  return isSame && (await mayValidate(standing, pending)) && !needsNewBody(standing, pending)
    ? { ...head, heldApart: before.heldApart }
    : head;
}

/** Returns the bytes of the body that the answer has; `undefined` for none. */
function rangeWanted(request: LookupRequest, head: Head): ByteRange | undefined {
  if (request.method !== "GET" || clientHasIt(request, head)) return undefined;
  const part = rangeIn(request, head);
  if (part.kind === "unsatisfiable") return undefined;
  return part.kind === "part" ? part : { firstByte: 0, lastByte: head.heldApart.totalBytes - 1 };
}

/**
 * Returns whether the view would let a response with this stamp be validated. Otherwise no further
 * slice could be fetched, and the body would be cut off.
 */
function isVouchedFor(stamp: Stamp, { request, exchange }: PagePlace): boolean {
  const { site, nowAtMs } = exchange;
  const { url, route } = request;
  const atMs = nowAtMs();
  const times = { requestedAtMs: atMs, respondedAtMs: atMs, fillCostMs: 0 };
  const unsent = { stamp, url, route: route.name, tags: [], colo: "", ...times };
  return site.view.mayBeValidated(unsent, { atMs, maxLagMs: route.purgeMaxLagMs });
}

/** Returns the 200 of which a 206 is a part (RFC 9110 §15.3.7). */
function asWhole(
  { response: { headers }, ...fresh }: StampedAnswer,
  totalBytes: number,
  body: Response["body"],
  { request }: LeaderRequest,
): StampedAnswer {
  const fields = new Headers(headers);
  fields.delete("content-range");
  fields.set("content-length", String(totalBytes));
  // These describe the bytes of the slice (RFC 9530 §2).
  if (body === null) for (const name of contentDigests) fields.delete(name);
  const response = new Response(body, { statusText: "OK", headers: fields, encodeBody: "manual" });
  return { ...fresh, response, ...objectionsTo(response, fresh.release, request) };
}
