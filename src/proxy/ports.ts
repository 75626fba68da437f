// What one request is given to work with: the isolate's state, and its own moment.
import type { Config } from "../config/config.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { PurgeView } from "../purge/view/view.ts";
import type { Leases } from "../cache/leases.ts";
import type { ResponseDetail } from "./stored/stored-response.ts";
import type { Tiers } from "./stored/tiers.ts";
import type { ByteBudget } from "../cache/byte-budget.ts";
import type { ClientLimit } from "./request/client-limit.ts";
import type { ForwardFlights } from "./reuse/forward-outcome.ts";
import type { FewAtOnce } from "../cache/few-at-once.ts";
import type { HotKeys } from "./warm/hot-keys.ts";
import type { Invalidations } from "./storing/invalidate.ts";
import type { JoinedPurges } from "../purge/acceptance/joined-purges.ts";
import type { LeftOutTags } from "./storing/left-out-tags.ts";
import type { Lifts } from "./reuse/lifts.ts";
import type { Loops } from "./request/loops.ts";
import type { OriginHealth } from "./fetch/origin-health.ts";
import type { MatchRoute } from "./request/routes.ts";
import type { Rangeless } from "./fetch/rangeless.ts";
import type { SharedOdds } from "./reuse/shared-odds.ts";
import type { FetchOrigin } from "./fetch/forward.ts";
import type { KnownVary } from "./request/known-vary.ts";
import type { Uncacheable } from "./reuse/uncacheable.ts";
import type { ReadUrl } from "./request/url-reader.ts";

export type { FetchOrigin, OriginRequest } from "./fetch/forward.ts";

/** Lives as long as the isolate. */
export interface Isolate {
  readonly config: Config;
  readonly matchRoute: MatchRoute;
  readonly readUrl: ReadUrl;
  /** The host that every name and port of the site counts as; `undefined` for each its own. */
  readonly siteHost: string | undefined;
  readonly tiers: Tiers;
  readonly view: PurgeView;
  readonly flights: ForwardFlights;
  readonly fewAtOnce: FewAtOnce;
  /** Rights to forward that hold in all colos; `undefined` without a database. */
  readonly leases: Leases<ResponseDetail> | undefined;
  readonly originHealth: OriginHealth;
  readonly loops: Loops;
  /** `undefined` where clients are not limited. */
  readonly clientLimit: ClientLimit | undefined;
  readonly uncacheable: Uncacheable;
  readonly knownVary: KnownVary;
  readonly rangeless: Rangeless;
  readonly invalidations: Invalidations;
  /** Takes what is invalidated into the purge journal; `undefined` without one. */
  readonly joinedPurges: JoinedPurges | undefined;
  /** `undefined` where none are kept warm. */
  readonly hotKeys: HotKeys | undefined;
  readonly sharedOdds: SharedOdds;
  readonly fillBudget: ByteBudget;
  readonly lifts: Lifts;
  readonly leftOutTags: LeftOutTags;
  readonly metrics: Metrics;
  readonly fetchOrigin: FetchOrigin;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  /** Lets the runtime do what waits to be done, such as sending what an answer was given. */
  readonly turn: () => Promise<void>;
}

export interface Ports extends Isolate {
  /**
   * Where this request arrived; empty where that is not known. Asked for only where it counts: the
   * platform's word comes in an object that is parsed for it.
   */
  readonly colo: () => string;
  /** Starts work that may outlast the answer; its failure is logged and harms nobody. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}
