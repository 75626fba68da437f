// The context of one client's request, or of one background run, on a site.
import type { Decision } from "../../observe/decision.ts";
import type { SampledRequest } from "../../observe/request-line.ts";
import type { TierName } from "../../config/tier-names.ts";
import type { ValueReads } from "../../cache/record/record.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import type { Admission } from "../../part/port/phases.ts";
import type { Reach } from "../../purge/view/view-port.ts";
import type { RequestPlace } from "./origin-outcome.ts";
import type { Site } from "./site.ts";

/** The context. It lives as long as its request or run. */
export interface Context {
  readonly site: Site;
  /**
   * `none` for an explanation. The steps then decide like for a live request, but change no state of
   * the site, start no work, and ask no origin.
   */
  readonly effects: "all" | "none";
  /**
   * Whether the view reaches the purge whose position the client has sent; absent without a position. If the view lacks
   * the purge, every stored response counts as purged. Otherwise, a response needs a known or verified stamp.
   */
  readonly reach?: Reach | undefined;
  /** The site's clock, in epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Returns the colo that the request arrived at; empty if unknown. */
  readonly colo: () => string;
  /** Starts work that may continue after the response is sent. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** The runtime's context of the request or run. Handlers get it for bypassed requests only. */
  readonly caller?: object | undefined;
  /** The server's request on Node. Handlers get it for bypassed requests only. */
  readonly server?: object | undefined;
  /**
   * The client's address; `null` if unknown. `undefined` on Workers, where Cloudflare writes it
   * into each request.
   */
  readonly address: string | null | undefined;
  /** The result of the rules that decide before the lookup; `undefined` before, and without such rules. */
  readonly admission?: Admission | undefined;
  /** Receives the decision of a request that is described. */
  readonly sampled: Pick<SampledRequest, "settled"> | undefined;
  /** Gets a check (`judgedAlike`) of each stored response that answers. */
  readonly checks?: (() => boolean)[] | undefined;
  /** The values that the handler of the origin reads for this answer. */
  readonly reads?: ValueReads | undefined;
  /** Gets the decision of each part of an assembled page, and of its refreshes. */
  readonly parts?: Decision[] | undefined;
}

/** A request in progress, or a refresh. Every step receives it. */
export interface Exchange extends Context {
  /** The record of the request's decisions, for metrics and logs. */
  readonly decision: Decision;
}

/** A request in its exchange, and the place of its response. Every step after a lookup takes it. */
export interface PagePlace extends RequestPlace {
  readonly exchange: Exchange;
  /** The `Vary` marker that the lookup followed. */
  readonly marker: VaryMarker | undefined;
  /** Why the tiers beyond the colo gave no result: no record, or the lookup skipped them. */
  readonly inShared: "nothing" | "passed-over" | undefined;
  /** Memory's `changeCount` before the read under this key; `undefined` without such a read. */
  readonly memoryCount: number | undefined;
  /** The tiers that the lookup could not read, and that may have another marker. */
  readonly unread?: readonly TierName[];
  /** The end of the lookup's last read of a tier. */
  readonly lookedUpAtMs: number;
}
