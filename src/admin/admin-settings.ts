// Settings of the operator's routes. The routes use every part of the isolate.
import type { Fault } from "../base/operator-error.ts";
import type { TieredCache } from "../compose/create-cache.ts";
import type { DataBesidePages } from "../compose/data-beside-pages.ts";
import type { Environment } from "../platform/environment.ts";
import type { Background } from "../platform/platform.ts";
import type { Context } from "../pages/site/exchange.ts";
import type { OpenPart } from "./open-part.ts";
import type { Site } from "../pages/site/site.ts";
import type { ResponseDetail } from "../pages/stored/stored-response.ts";
import type { OperatorAuth } from "./auth.ts";
import type { PurgeIntake } from "./purge-intake.ts";

export interface AdminSettings {
  readonly auth: OperatorAuth;
  readonly environment: Environment;
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
