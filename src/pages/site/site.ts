// The state of a site in one isolate: configuration, tiers, and observations of earlier requests.
import type { ByteBudget } from "../../cache/byte-budget.ts";
import type { KeyedSemaphore } from "../../cache/keyed-semaphore.ts";
import type { CollectReads } from "../../cache/record/record.ts";
import type { NameSecret } from "../../cache/record/record-key.ts";
import type { Locks } from "../../cache/tiers/lock.ts";
import type { Config } from "../../config/config.ts";
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { JoinedPurges } from "../../purge/acceptance/invalidation-batches.ts";
import type { PurgeView } from "../../purge/view/view-port.ts";
import type { DatabaseRoom } from "../../remote/redis/database-room.ts";
import type { Loops } from "../../routing/loops.ts";
import type { MatchRoute } from "../../routing/routes.ts";
import type { OriginRequest } from "../../platform/fetch-origin.ts";
import type { ReadUrl } from "../../routing/url-reader.ts";
import type { ResponseHead, Tiers } from "../stored/stored-response.ts";
import type { OriginFlights } from "./origin-outcome.ts";
import type { HeadTimes, OriginHealth } from "../../platform/origin-health.ts";
import type { KnownReleases } from "../../purge/view/known-releases.ts";
import type { Positions } from "../../purge/view/positions.ts";
import type { HitPort } from "./hit-port.ts";
import type { Invalidations, KnownVary, Uncacheable } from "./remembered-keys.ts";
import type { Marks } from "../../base/marks.ts";
import type { AnswersPort } from "./answers-port.ts";
import type { LeftOutTags, RouteNotes } from "../../observe/operator-notes.ts";
import type { Lifts } from "./lifts.ts";
import type { AssemblyPort } from "./assembly-port.ts";
import type { ContentPort } from "./content-port.ts";
import type { FallbackPort } from "./fallback-port.ts";
import type { TurnPort } from "./turn-port.ts";
import type { BodyHolder } from "./body-holder-port.ts";
import type { VariantDemand } from "../../cache/variant-demand.ts";

/** The state. It lives as long as its isolate. */
export interface Site {
  readonly config: Config;
  readonly tiers: Tiers;
  /** The secret of the names of records. */
  readonly nameSecret: NameSecret;
  readonly view: PurgeView;
  /** The positions of purges; `undefined` without a journal. */
  readonly positions: Positions | undefined;
  /** The clock, in epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Returns a random number, 0 ≤ n < 1. */
  readonly random: () => number;
  /** The free space of the database; absent without a database. */
  readonly room?: Pick<DatabaseRoom, "isTight" | "isPaused" | "beforeWrite"> | undefined;
  readonly loops: Loops;
  /** Returns whether the switch or `BYPASS` sends a route's requests straight to the origin. */
  readonly bypasses: (route: string) => boolean;
  readonly flights: OriginFlights;
  readonly lifts: Lifts;
  /** The keys whose large bodies were copied into the colo's tier in the last minute. */
  readonly copied: Marks;
  readonly knownVary: KnownVary;
  readonly invalidations: Invalidations;
  readonly originHealth: OriginHealth;
  readonly uncacheable: Uncacheable;
  readonly variantDemand: VariantDemand;
  readonly headTimes: HeadTimes;
  /** Media types with keys, by whether a client has chosen the type by `Accept`; see `variesByClass`. */
  readonly typesGot: Marks;
  /** `undefined` without `fallback()`. */
  readonly fallbacks: FallbackPort | undefined;
  /** `undefined` without `globalCollapse()`. */
  readonly turns: TurnPort | undefined;
  readonly answers: AnswersPort | undefined;
  /** Observations for findings. Their entries are texts that no client chooses, except fields and paths. */
  readonly notes: RouteNotes;
  readonly leftOutTags: LeftOutTags;
  /** The releases that the journal has told. */
  readonly releases: Pick<KnownReleases, "current" | "countSince">;
  readonly metrics: Metrics;
  /** Reports the counts of this isolate in the background. */
  readonly report: (afterAnswer: (work: () => Promise<void>) => void) => void;
  readonly log: Log;
  /** Whether the runtime ends background work soon after its client has left, as Workers do. */
  readonly endsWithClient: boolean;
  /** Yields to the runtime's other work, such as sending bytes of a response. */
  readonly turn: () => Promise<void>;
  readonly readUrl: ReadUrl;
  readonly matchRoute: MatchRoute;
  /**
   * The site's hosts. Every other host maps to the first of these hosts. If the list is empty, each
   * host is a site of its own.
   */
  readonly siteHosts: readonly string[];
  /** Limits the memory of all bodies in transfer. */
  readonly fillBudget: ByteBudget;
  readonly originSlots: KeyedSemaphore;
  /** Limits the requests of a crowd that go to the origin before an anonymous request confirms that none may share. */
  readonly releasedSlots: KeyedSemaphore;
  /** Limits the requests for the rest of a body, which readers of a crowd send. */
  readonly restSlots: KeyedSemaphore;
  /** The locks that all colos share; `undefined` without a shared tier. */
  readonly locks: Locks<ResponseHead> | undefined;
  /** Appends to the purge journal; `undefined` without a journal. */
  readonly joinedPurges: JoinedPurges | undefined;
  /** Counts requests to the origins, and returns whether a client has reached its limit; `undefined` for no limit. */
  readonly clientLimit: { isReached(address: string | null): Promise<boolean> } | undefined;
  readonly bodyHolder: BodyHolder | undefined;
  readonly assembly: AssemblyPort | undefined;
  readonly contents: ContentPort | undefined;
  /** Collects the values of the data cache that a handler reads; `undefined` without one. */
  readonly collect: CollectReads | undefined;
  /** The part that counts hits; `undefined` for none. */
  readonly hits: HitPort | undefined;
  /**
   * Sends a request to an origin by its name in the configuration. Rejects if the origin cannot be
   * reached.
   */
  readonly fetchOrigin: (origin: string, request: OriginRequest) => Promise<Response>;
  /** Returns whether an origin is a handler that can run only in its caller's context. */
  readonly runsInCaller: (origin: string) => boolean;
}

/** The isolate that phases of parts see. */
export interface PhaseHost extends Pick<
  Site,
  "nowAtMs" | "releases" | "notes" | "metrics" | "log"
> {
  /** The Worker's variables and secrets. */
  readonly env: Readonly<Record<string, unknown>>;
}

/** Returns the routes of a configuration with the phases of their parts. */
export type WithPhases = (config: Config, host: PhaseHost) => Pick<Config, "routes" | "anywhere">;
