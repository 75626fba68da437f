// What HTTP adds to a look-up: a `Vary` marker is followed, no more of a body is read than is needed,
// and Redis is passed over where it hardly ever has what is asked for.
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite, Site } from "../site/site.ts";
import { find, type Finding, type Found, type Sought } from "../../cache/find.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { isSmall, type VaryMarker } from "../../cache/tiers/tier.ts";
import { tierScopes } from "../../config/tier-names.ts";
import { selects } from "../../rules/selecting.ts";
import { clientHasIt, mayNeedNoBody, rangeIn } from "../request/conditions.ts";
import { variantKey } from "../request/key.ts";
import { type Asked, askedWith } from "../request/plan.ts";
import { sharedMsMax } from "../request/brief.ts";
import { isAlwaysValidated, isKept, termsOf } from "../stored/lifetime.ts";
import type { ResponseDetail, StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import { responseIn, type ResponseRead, type ResponseTier, type Tiers } from "../stored/tiers.ts";
import { putAbove } from "./put-above.ts";
import { type InShared, lookBeyond, passesOver } from "./shared-look.ts";
import type { Candidate } from "../stored/stored-response.ts";
import {
  decide,
  isAnswer,
  type MissReason,
  type Verdict,
  type VerdictQuestion,
} from "./verdict.ts";

/** A stored response, and the verdict on it. */
export type FoundResponse = Found<ResponseDetail, Verdict>;

/** What is searched for. `atMs`: of arrival; now, where it is left out. */
export interface SearchAsk<S extends LookupSite = Site> {
  readonly asked: Asked;
  readonly atMs?: number;
  /** Is it what is searched for? By default what answers by its verdict; else a lower tier may have it. */
  readonly accepts?: (found: FoundResponse) => boolean;
  /** Does it end the search though it is not? */
  readonly isSpared?: (found: FoundResponse, search: Search<S>) => boolean;
  /** The shared tier is known to have just been written. */
  readonly atPrimary?: boolean;
  /** The shared tier need not be asked where it hardly ever has what would be of use. */
  readonly mayPassOver?: boolean;
}

/** One request's search: what it has come to know, and the question that its verdicts answer. */
export class Search<S extends LookupSite = Site>
  implements Sought<ResponseDetail, Verdict>, VerdictQuestion
{
  /** With what its answer varies by, as far as a marker tells. */
  asked: Asked;
  readonly used: Tiers;
  readonly exchange: Exchange<S>;
  /** The marker that was followed; `undefined` if there is none. */
  marker: VaryMarker | undefined = undefined;
  /** Under which a forward for this request is collapsed. */
  key: RecordKey;
  inShared: InShared | undefined = undefined;
  /** `changeCount` of memory before it was read under this key; `undefined` if it was not. */
  memoryCount: number | undefined = undefined;
  /** The edge tier has told that it has nothing. */
  isNewToColo = false;
  /** Of the verdicts: of arrival, then of the end of the last wait. */
  atMs: number;
  /** When the tiers were last looked at. */
  lookedAtMs: number;
  readonly #ask: SearchAsk<S>;
  /** Of the tiers beyond the colo; decided at the first of them. */
  #passesOver: boolean | undefined = undefined;
  /** The verdict on what is known without its body, until the next wait: it is asked for again. */
  #onMetadata: { readonly metadata: StoredMetadata; readonly verdict: Verdict } | undefined;

  constructor(ask: SearchAsk<S>, exchange: Exchange<S>) {
    this.#ask = ask;
    this.asked = ask.asked;
    const { tiers } = ask.asked.route;
    this.used = exchange.site.tiers.parts.get(tiers) ?? exchange.site.tiers.of(tiers);
    this.key = ask.asked.key;
    this.atMs = ask.atMs ?? exchange.nowAtMs();
    this.lookedAtMs = this.atMs;
    this.exchange = exchange;
  }

  /** Looks into the tiers: the first that is accepted, else the youngest, if there is any. Never rejects. */
  found(): FoundResponse | undefined | Promise<FoundResponse | undefined> {
    return find(this);
  }

  /** Is it what was searched for? */
  accepts(found: FoundResponse): boolean {
    return this.#ask.accepts?.(found) ?? isAnswer(found.verdict);
  }

  get place() {
    const { key, marker, inShared, memoryCount, lookedAtMs } = this;
    return { key, marker, inShared, memoryCount, lookedAtMs };
  }

  /** Why nothing was found, where that is so. */
  get missReason(): MissReason {
    return this.marker === undefined ? "uri-miss" : "vary-miss";
  }

  /** A fill is there for its own isolate as soon as it is complete, and for as long as in a tier. */
  underWay(): StoredResponse | undefined {
    const { asked, atMs } = this;
    const stored = this.exchange.site.flights.get(this.key.text, atMs)?.outcome?.stored;
    if (stored === undefined) return undefined;
    if (!selects(stored.metadata.selecting, asked.forwarded)) return undefined;
    return isKept(stored.metadata, asked.route, atMs) ? stored : undefined;
  }

  inMemory(): ResponseRead {
    const { memory } = this.used;
    this.memoryCount = memory.changeCount;
    const read = memory.read(this.key, this);
    this.exchange.decision.looked(memory.name, read.kind, undefined);
    return read;
  }

  follow(marker: VaryMarker): boolean {
    if (this.marker !== undefined) return false;
    this.marker = marker;
    this.memoryCount = undefined;
    this.key = variantKey(this.key, marker.names, this.asked.forwarded);
    this.asked = askedWith(this.asked, marker.names);
    return true;
  }

  isCurrent({ metadata }: StoredResponse): boolean {
    return metadata.requestedAtMs >= (this.marker?.sinceAtMs ?? -Infinity);
  }

  isHopeless(): boolean {
    return this.exchange.site.uncacheable.forAll.has(this.key.text, this.atMs);
  }

  /** What was judged before is to be judged anew (rule 10). */
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
      // What is always validated is no fresher in a lower tier.
      isAlwaysValidated(termsOf(found.candidate.stored.metadata, this.asked.route))
    );
  }

  async ask(tier: ResponseTier, finding: Finding<ResponseDetail, Verdict>): Promise<void> {
    const lookIn = () => finding.lookIn(tier);
    const hasFound = () => finding.found !== undefined;
    if (tierScopes[tier.name] === "colo") {
      const came = await lookIn();
      this.isNewToColo = came === "absent" && !hasFound();
      return;
    }
    this.#passesOver ??= passesOver(this, this.#ask.mayPassOver);
    if (this.#passesOver) {
      this.inShared = "passed-over";
      this.exchange.decision.looked(tier.name, this.inShared, undefined);
      return;
    }
    const isLast = tier === this.used.ofWorld;
    this.inShared = await lookBeyond(this, { lookIn, hasFound, isLast });
  }

  /** Where the client may need no body, the metadata is read first. */
  async readFrom(tier: ResponseTier): Promise<ResponseRead> {
    const part = mayNeedNoBody(this.asked) ? "metadata" : "whole";
    const read = await this.#read(tier, part);
    const stored = responseIn(read);
    const isEnough = stored?.body.kind !== "absent" || this.#answersWithoutBody(stored, tier);
    return isEnough ? read : this.#read(tier, "whole");
  }

  async #read(tier: ResponseTier, part: "metadata" | "whole"): Promise<ResponseRead> {
    const { asked, exchange, atMs: sinceAtMs } = this;
    const { afterAnswer } = exchange;
    const { lifts } = exchange.site;
    // A body that proved needful after all goes into a tier again, also for HEAD.
    const isNeeded = part === "whole" && mayNeedNoBody(asked);
    const isForMemory = this.used.usesMemory;
    let isLifted = false;
    const isHeld = (metadata: StoredMetadata) => {
      if (isSmall(metadata)) return metadata.awaitsSecondAsk === true || isNeeded || isForMemory;
      isLifted = isForMemory && this.#mayAnswer(metadata, tier) && lifts.begin(metadata, sinceAtMs);
      return isLifted;
    };
    // What would have to be validated is read whole, to be stored anew.
    const rangeOf = (metadata: StoredMetadata) => {
      const range = rangeIn(asked, metadata);
      return range.kind === "part" && this.#mayAnswer(metadata, tier) ? range : undefined;
    };
    const prolongMs = sharedMsMax(asked, exchange.site);
    const wanted = { atMs: sinceAtMs, part, isHeld, rangeOf, prolongMs, afterAnswer };
    const read = await tier.read(this.key, { ...wanted, atPrimary: this.#ask.atPrimary === true });
    if (isLifted) lifts.end();
    this.hasWaited();
    this.lookedAtMs = this.atMs;
    // What is shut off answers at once.
    const isAsked = read.kind !== "unavailable" || read.cause !== "shut-off";
    const tookMs = isAsked ? Math.max(0, this.atMs - sinceAtMs) : undefined;
    this.exchange.decision.looked(tier.name, read.kind, tookMs);
    return read;
  }

  /** A 304 or the answer to HEAD is made of metadata alone. */
  #answersWithoutBody({ metadata }: StoredResponse, tier: ResponseTier): boolean {
    if (!this.#mayAnswer(metadata, tier)) return false;
    return this.asked.method === "HEAD" || clientHasIt(this.asked, metadata);
  }

  #mayAnswer(metadata: StoredMetadata, { name: tier }: ResponseTier): boolean {
    const stored: StoredResponse = { metadata, body: { kind: "absent" } };
    const candidate = { stored, tier, key: this.key };
    return this.accepts({ candidate, verdict: this.judge(candidate) });
  }

  putInto(above: readonly ResponseTier[], { candidate }: FoundResponse): void {
    putAbove(above, candidate, this);
  }
}

/** What a search has come to know of the place that what was not found is to be brought to. */
export type SearchPlace = Readonly<Search["place"]>;
