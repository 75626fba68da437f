// All that a part may contribute, besides the traits of its routes (`part/port/part.ts`) and its phases
// (`part/port/phases.ts`).
import type { Context as HonoContext, Hono, MiddlewareHandler } from "hono";
import type { Fault } from "../base/operator-error.ts";
import type { CachePlatform, TieredCache } from "../compose/create-cache.ts";
import type { DataBesidePages, PagePurges } from "../compose/data-beside-pages.ts";
import type { Route } from "../config/config.ts";
import type { GaugeFamily } from "../observe/reports/scrape.ts";
import type { ProxySettings } from "../pages/create-site.ts";
import type { Context } from "../pages/site/exchange.ts";
import type { PhaseHost, Site } from "../pages/site/site.ts";
import type { ResponseDetail } from "../pages/stored/stored-response.ts";
import type { Environment } from "../platform/environment.ts";
import type { Background, Platform } from "../platform/platform.ts";
import type { Finding } from "../protocol/finding.ts";
import type { Env } from "../protocol/variables/bindings.ts";
import type { UrlRead } from "../routing/url-reader.ts";
import type { PurgeTargets } from "../purge/journal/purge-target.ts";
import type { Requester } from "../purge/view/view-port.ts";
import type { OperatorAuth } from "./auth.ts";
import type { PurgeIntake } from "./purge-intake.ts";

/** The contents of a `SitePart` or a `RoutePart`. */
export interface PartContents {
  /** The places of the core that this part fills. A place has one holder. */
  readonly fills?: Slots;
  /** Opens the part in an isolate. Called once. */
  readonly open?: (host: PartHost) => OpenPart;
  /** Opens the phases of the part in an isolate: once, and then once for each route that uses the part. */
  readonly openPhases?: (host: PhaseHost) => (route: Route) => Route["phases"];
  /** Whether a site has written the part, as a rule. Each route has the options of its own rule. */
  readonly isRule?: boolean;
}

/** The places of the core that parts fill. */
export type Slots = Pick<CachePlatform, "createReports" | "reportHistory"> &
  Pick<
    ProxySettings,
    | "openHits"
    | "openAnswers"
    | "openBodyHolder"
    | "openFallbacks"
    | "turns"
    | "openAssembly"
    | "openContents"
  >;

/** The isolate, as parts and the operator's routes see it. */
export interface PartHost {
  readonly auth: OperatorAuth;
  readonly environment: Environment;
  /** The Worker's variables and secrets. */
  readonly env: Env;
  readonly platform: Platform;
  readonly cache: TieredCache<ResponseDetail>;
  readonly site: Site;
  /** @param request `undefined` for a cron run */
  readonly contextFor: (request: Request | undefined, background: Background) => Context;
  /** `undefined` if the Worker has no data cache. */
  readonly data: DataBesidePages | undefined;
  /** The parts of the site. */
  readonly parts: readonly OpenPart[];
  readonly purges: PurgeIntake;
  /** The faults of the bindings, and of the parts. */
  readonly faults: readonly Fault[];
}

/** The contributions of a part in one isolate. */
export interface OpenPart {
  /** Faults of its settings and secrets, which are logged at the start, and are findings. */
  readonly faults?: readonly Fault[];
  /** Adds routes below the operator's path. */
  readonly addTo?: (admin: Hono, access: OperatorAccess) => void;
  /** Adds routes below the operator's path that need no token, such as those of senders. */
  readonly addWithoutToken?: (
    admin: Hono,
    requesterOf: (context: HonoContext) => Requester,
  ) => void;
  /** Answers requests with unusual methods at any path of the site. One part alone may do so. */
  readonly ofMethods?: {
    /** No origin receives a request with one of them. */
    readonly methods: ReadonlySet<string>;
    /** @param address the client's address, on Node */
    readonly answer: (
      request: Request,
      background: Background,
      address: string | null | undefined,
    ) => Promise<Response>;
  };
  /** Members of `GET /_cache/stats`. */
  readonly stats?: () => Readonly<Record<string, unknown>>;
  /** Answers `GET /_cache/health`, in place of the core. One part alone may do so. */
  readonly health?: (request: HealthRequest) => Promise<Response>;
  /**
   * Answers a request with the explanation, if the token is valid. One part alone may do so.
   *
   * @param answer answers without the explanation
   */
  readonly answerDebugged?: (
    debugged: DebuggedRequest,
    background: Background,
    answer: () => Response | Promise<Response>,
  ) => Promise<Response>;
  /**
   * Counts the records that a purge of these targets would cover. One part alone may do so.
   *
   * @returns members of the answer; `repeated` if a signed request has used its id before
   */
  readonly dryRun?: (targets: PurgeTargets, sender: DryRunSender) => Promise<object | "repeated">;
  /**
   * Begins to fetch pages again after an accepted purge. One part alone may do so.
   */
  readonly refresh?: PagePurges["refresh"];
  /** Works when the cron trigger runs, each minute. */
  readonly runCron?: (background: Background) => Promise<void>;
  /** Whether the part does not work without the cron trigger. */
  readonly needsCron?: boolean;
  readonly findings?: (atMs: number) => readonly Finding[];
  /** Reads its state in the stores, for an operator. Never rejects. */
  readonly look?: () => Promise<PartLook>;
}

/** The sender of a dry run, and its id. */
export interface DryRunSender {
  readonly by: "admin" | "signed-request";
  readonly id: string;
}

/** The state of a part in the stores. */
export interface PartLook {
  readonly findings: readonly Finding[];
  /** One sentence for each state that was not read. */
  readonly notLookedAt: readonly string[];
  readonly gauges: readonly GaugeFamily[];
}

/** The checks of an operator's token. */
export interface OperatorAccess {
  /** Requires ADMIN_TOKEN, or a token of its scope `operator`. */
  readonly forBearer: MiddlewareHandler;
  /** Also accepts a token that only reads. */
  readonly forReader: MiddlewareHandler;
}

/** A request that had the debug field. */
export interface DebuggedRequest {
  /** The request without the field. */
  readonly plain: Request;
  /** The value of the field. */
  readonly token: string;
  readonly read: UrlRead;
}

/** A request for the health check, with the means to renew the view. */
export interface HealthRequest extends Requester {
  readonly request: Request;
  readonly colo: string;
}
