// Adds HTTP to a lookup: follows `Vary` markers, reads only the needed part of a body, and skips
// Redis for a session if each session gets an answer of its own.
import type { Exchange, PagePlace } from "../site/exchange.ts";
import { lookUp, lookUpAndAct, type LookupResult, type LookupPolicy } from "../../cache/lookup.ts";
import { discardBody } from "../../cache/record/record.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Requester } from "../../purge/view/view-port.ts";
import { isApart, isSmall, type TierRead, type VaryMarker } from "../../cache/tiers/tier.ts";
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import { selects } from "../../rules/selecting.ts";
import { clientHasIt, mayNeedNoBody, rangeIn } from "../request/conditions.ts";
import { variantKey } from "../../routing/key.ts";
import { isPersonal } from "../request/personal.ts";
import { type LookupRequest, askedWith } from "../request/plan.ts";
import { sharedMsMax } from "../request/brief-retention.ts";
import { isAlwaysValidated, isKept, termsOf } from "../stored/lifetime.ts";
import { responseAsRead } from "../stored/tags.ts";
import {
  type Candidate,
  type ResponseDetail,
  type StoredMetadata,
  type StoredResponse,
  type ResponseAsk,
  type ResponseRead,
  responseIn,
  type ResponseTier,
  type Tiers,
  withValues,
} from "../stored/stored-response.ts";
import { backfill, copyToColo } from "./backfill.ts";
import { decide, isAnswer, type Verdict, type VerdictQuestion } from "./may-answer.ts";

/** A stored response, and the verdict on it. */
export type FoundResponse = LookupResult<ResponseDetail, Verdict>;

/** The options of a lookup. `atMs` is the arrival; the default is now. */
interface PageLookupOptions {
  readonly request: LookupRequest;
  readonly atMs?: number;
  /**
   * Returns whether the lookup ends with this response. By default, a response is accepted if its
   * verdict lets it answer.
   */
  readonly accepts?: (found: FoundResponse) => boolean;
  /** Returns whether a response that is not accepted still ends the lookup. */
  readonly isSpared?: (found: FoundResponse, lookup: PageLookup) => boolean;
  /** Whether to read the shared tier at its primary, because the record was just written. */
  readonly atPrimary?: boolean;
  /** Whether the lookup may skip the tiers beyond the colo. */
  readonly mayPassOver?: boolean;
}

/** One request's lookup: its results so far, and the input of its verdicts. */
export class PageLookup
  implements LookupPolicy<ResponseDetail, Verdict>, VerdictQuestion, PagePlace
{
  /** The request, with the selecting fields of the marker. */
  request: LookupRequest;
  readonly used: Tiers;
  readonly isPeek: boolean;
  readonly exchange: Exchange;
  /** The marker that was followed. */
  marker: VaryMarker | undefined = undefined;
  /** The key of the response. Concurrent origin requests of one key are collapsed. */
  key: RecordKey;
  /** Why the tiers beyond the colo gave no result: no record, or the lookup skipped them. */
  inShared: "nothing" | "passed-over" | undefined = undefined;
  /** The tiers that could not be read before a marker was found. */
  unread: readonly TierName[] = [];
  /** Memory's `changeCount` before the read under this key, or before a lookup without memory. */
  memoryCount: number | undefined = undefined;
  /** The instant of the verdicts: the arrival, and later the end of the last wait. */
  atMs: number;
  /** The end of the last read of a tier. */
  lookedUpAtMs: number;
  readonly #ask: PageLookupOptions;
  /** Whether to skip the tiers beyond the colo; decided at the first of them. */
  #passesOver: boolean | undefined = undefined;
  /** The last verdict on metadata without a body, reused until the next wait. */
  #onMetadata: { readonly metadata: StoredMetadata; readonly verdict: Verdict } | undefined;

  constructor(ask: PageLookupOptions, exchange: Exchange) {
    this.#ask = ask;
    this.request = ask.request;
    const { tiers } = ask.request.route;
    const used = exchange.site.tiers.parts.get(tiers) ?? exchange.site.tiers.of(tiers);
    // A crawler requests each page once, and would evict those that people request.
    this.used = ask.request.staleBy === undefined ? used : used.belowMemory;
    this.key = ask.request.key;
    this.atMs = ask.atMs ?? exchange.nowAtMs();
    this.lookedUpAtMs = this.atMs;
    if (!this.used.usesMemory) this.memoryCount = this.used.memory.changeCount;
    this.isPeek = exchange.effects === "none";
    this.exchange = exchange;
  }

  /** Returns the first sufficient response (`isEnough`), or else the youngest. Never rejects. */
  lookUp(): FoundResponse | undefined | Promise<FoundResponse | undefined> {
    return lookUp(this);
  }

  /** Like `lookUp`, for a caller that only answers with the result of `act`. */
  lookUpAndAct<Answer>(
    act: (found: FoundResponse | undefined) => Answer | Promise<Answer>,
  ): Answer | Promise<Answer> {
    return lookUpAndAct(this, act);
  }

  renewIfDue(): (() => Promise<void>) | undefined {
    return this.exchange.site.view.renewIfDue(this.#requester());
  }

  isBypassed(): boolean {
    return this.exchange.site.bypasses(this.request.route.name);
  }

  seek({ verdict, candidate }: FoundResponse): Promise<void> | undefined {
    if (verdict.judged?.kind !== "unverified") return undefined;
    return this.exchange.site.view.seek(this.#requester(), candidate.stored.metadata);
  }

  #requester(): Requester {
    const { request, atMs, exchange } = this;
    return { atMs, host: request.key.host, afterAnswer: exchange.afterAnswer };
  }

  accepts(found: FoundResponse): boolean {
    return this.#ask.accepts?.(found) ?? isAnswer(found.verdict);
  }

  get place(): PagePlace {
    const { request, exchange, key, marker, inShared, unread, memoryCount, lookedUpAtMs } = this;
    return { request, exchange, key, marker, inShared, unread, memoryCount, lookedUpAtMs };
  }

  /** Returns the complete response of this key's flight, for as long as a tier would keep it. */
  underWay(): StoredResponse | undefined {
    const { request, atMs } = this;
    const stored = this.exchange.site.flights.get(this.key.text, atMs)?.outcome?.stored;
    if (stored === undefined) return undefined;
    if (!selects(stored.metadata.selecting, request.forwarded)) return undefined;
    if (!isKept(stored.metadata, request.route, atMs)) return undefined;
    return responseAsRead(stored, request);
  }

  inMemory() {
    const { memory } = this.used;
    this.memoryCount = memory.changeCount;
    const read = this.#withTags(memory.read(this.key, this));
    this.exchange.decision.lookedUp(memory.name, read.kind, undefined);
    return read;
  }

  /** Gives a response the present tags of its route. Without them, it counts as absent. */
  #withTags(read: ResponseRead): ResponseRead {
    const stored = responseIn(read);
    if (stored === undefined) return read;
    const as = responseAsRead(stored, this.request);
    if (as === stored) return read;
    if (as !== undefined) return { kind: "found", record: { kind: "response", stored: as } };
    discardBody(stored);
    return { kind: "absent" };
  }

  follow(marker: VaryMarker): boolean {
    if (this.marker !== undefined) return false;
    this.marker = marker;
    if (this.used.usesMemory) this.memoryCount = undefined;
    this.key = variantKey(this.key, marker.names, this.request.forwarded);
    this.request = askedWith(this.request, marker.names);
    return true;
  }

  isCurrent({ metadata }: StoredResponse): boolean {
    const { bodyHolder } = this.exchange.site;
    if (metadata.heldApart !== undefined && !bodyHolder?.has(metadata, this)) return false;
    return metadata.requestedAtMs >= (this.marker?.sinceAtMs ?? -Infinity);
  }

  isUncacheable(): boolean {
    return this.exchange.site.uncacheable.forAll.has(this.key.text, this.atMs);
  }

  /** Discards earlier verdicts after a wait (rule 10). */
  hasWaited(): void {
    this.#onMetadata = undefined;
    this.atMs = this.exchange.nowAtMs();
    this.exchange.decision.hasWaited = true;
  }

  judge(candidate: Candidate): Verdict {
    const { metadata, body } = candidate.stored;
    if (body.kind !== "absent") return decide(candidate, this);
    if (this.#onMetadata?.metadata !== metadata) {
      this.#onMetadata = { metadata, verdict: decide(candidate, this) };
    }
    return this.#onMetadata.verdict;
  }

  isEnough(found: FoundResponse): boolean {
    return (
      this.accepts(found) ||
      this.#ask.isSpared?.(found, this) === true ||
      // If a response is always validated, a copy from a lower tier would need validation as well.
      isAlwaysValidated(termsOf(found.candidate.stored.metadata, this.request.route))
    );
  }

  skips({ name }: ResponseTier): boolean {
    if (tierScopes[name] === "colo") return false;
    if (!(this.#passesOver ??= this.#mayPassOver())) return false;
    this.inShared = "passed-over";
    this.exchange.decision.lookedUp(name, this.inShared, undefined);
    return true;
  }

  hasRead(tier: ResponseTier, kind: TierRead<ResponseDetail>["kind"], found?: FoundResponse): void {
    const isNowhere = kind === "absent" && found === undefined && !this.marker;
    this.inShared = isNowhere && tier === this.used.ofWorld ? "nothing" : undefined;
  }

  /** Responses under this key were personal to other sessions, so they may not answer a session. */
  #mayPassOver(): boolean {
    if (this.#ask.mayPassOver !== true || !isPersonal(this.request)) return false;
    return this.exchange.site.uncacheable.forSessions.has(this.key.text, this.atMs);
  }

  /** Reads a tier, metadata first if the answer may need no body. */
  async readFrom(tier: ResponseTier) {
    const mayBeHead = mayNeedNoBody(this.request);
    const part = this.isPeek || mayBeHead ? "metadata" : "whole";
    const read = await this.#read(tier, part, mayBeHead);
    const stored = responseIn(read);
    const isEnough =
      this.isPeek || stored?.body.kind !== "absent" || this.#answersWithoutBody(stored, tier);
    return isEnough ? read : this.#read(tier, "whole", mayBeHead);
  }

  async #read(tier: ResponseTier, part: "metadata" | "whole", mayBeHead: boolean) {
    const { request, exchange, atMs: sinceAtMs } = this;
    const { afterAnswer, site } = exchange;
    const { lifts } = site;
    // Backfilling needs the body, even for HEAD.
    const isNeeded = part === "whole" && mayBeHead;
    const isForMemory = this.used.usesMemory;
    let isLifted = false;
    const isHeld = (metadata: StoredMetadata) => {
      // The record of a head is empty, and a 304 stores it again.
      if (metadata.heldApart !== undefined) return true;
      if (isSmall(metadata)) return metadata.awaitsSecondAsk === true || isNeeded || isForMemory;
      if (this.isPeek) return false;
      if (!this.#mayAnswer(metadata, tier)) {
        // A range of a body that is stored with its head can answer after a validation.
        const isPart = !isApart(metadata) && rangeIn(request, metadata).kind === "part";
        return isPart && site.fillBudget.hasRoomFor(metadata.bodyBytes ?? 0);
      }
      if (!isForMemory) return false;
      isLifted = lifts.begin(metadata, sinceAtMs);
      return isLifted;
    };
    // After a validation, a body that is stored with its head is stored again, and is read whole.
    const rangeOf = (metadata: StoredMetadata) => {
      const range = rangeIn(request, metadata);
      const mayBePart = isApart(metadata) || this.#mayAnswer(metadata, tier);
      return range.kind === "part" && mayBePart ? range : undefined;
    };
    const prolongMs = sharedMsMax(request, site);
    const { isPeek } = this;
    const atPrimary = this.#ask.atPrimary === true;
    const ask = {
      atMs: sinceAtMs,
      part,
      isHeld,
      rangeOf,
      prolongMs,
      afterAnswer,
      atPrimary,
      isPeek,
    };
    const read = await readTier(tier, this.key, ask);
    if (isLifted) lifts.end();
    if (read.kind === "unavailable" && !this.marker) this.unread = [...this.unread, tier.name];
    this.hasWaited();
    this.lookedUpAtMs = this.atMs;
    // A tier with an open breaker answers without a request.
    const isAsked = read.kind !== "unavailable" || read.cause !== "breaker-open";
    const tookMs = isAsked ? Math.max(0, this.atMs - sinceAtMs) : undefined;
    this.exchange.decision.lookedUp(tier.name, read.kind, tookMs);
    return this.#withTags(withValues(read, request.forwarded));
  }

  /** Returns whether metadata suffices: for a 304, an answer to HEAD, or a validation for either. */
  #answersWithoutBody({ metadata }: StoredResponse, tier: ResponseTier): boolean {
    // A streamed body is not stored again after a validation.
    if (metadata.bodyDigest !== null && !this.#mayAnswer(metadata, tier)) return false;
    return this.request.method === "HEAD" || clientHasIt(this.request, metadata);
  }

  #mayAnswer(metadata: StoredMetadata, { name: tier }: ResponseTier): boolean {
    const stored = responseAsRead({ metadata, body: { kind: "absent" } }, this.request);
    if (stored === undefined) return false;
    const candidate = { stored, tier, key: this.key };
    return this.accepts({ candidate, verdict: this.judge(candidate) });
  }

  putInto(above: readonly ResponseTier[], { candidate }: FoundResponse, from: ResponseTier): void {
    if (candidate.stored.body.kind === "blob") backfill(above, candidate, this);
    else copyToColo(from, candidate, this);
  }
}

/** Reads a tier. A peek skips a tier with an open breaker, because that read would be a probe. */
export function readTier(tier: ResponseTier, key: RecordKey, ask: ResponseAsk) {
  return ask.isPeek === true && tier.isBreakerOpen
    ? ({ kind: "unavailable", cause: "breaker-open" } as const)
    : tier.read(key, ask);
}
