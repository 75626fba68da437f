// Accepts, counts and logs purges: those of `POST /_cache/purge`, and those that parts receive.
import type { TieredCache } from "../compose/create-cache.ts";
import { namingOf } from "../pages/request/naming.ts";
import type { Site } from "../pages/site/site.ts";
import type { ResponseDetail } from "../pages/stored/stored-response.ts";
import type { Environment } from "../platform/environment.ts";
import { whyNoJournal } from "./json-answers.ts";
import type { AcceptanceRouteSettings, PurgeAnswer } from "./purge-route.ts";
import { PurgeLog } from "./purges/purge-log.ts";

/** The acceptance of purges in an isolate, for all receivers. */
export interface PurgeIntake extends AcceptanceRouteSettings {
  readonly purgeLog: PurgeLog;
  /** Counts and logs a refusal. Returns the answer to the sender. */
  readonly noted: (answer: PurgeAnswer) => Response;
}

export function purgeIntake({
  environment,
  cache,
  site,
}: {
  readonly environment: Environment;
  readonly cache: TieredCache<ResponseDetail>;
  readonly site: Site;
}): PurgeIntake {
  const { metrics, purging } = cache;
  const purgeLog = new PurgeLog(site);
  return {
    metrics,
    naming: namingOf(site),
    acceptances: purging?.acceptances ?? whyNoJournal(environment),
    positions: site.positions,
    visibleWithinSeconds: site.config.purge.visibleWithinSeconds,
    reach: purging?.reach,
    purgeLog,
    noted({ answer, refusal }) {
      if (refusal !== undefined) {
        metrics.add("purgeRefusals", [refusal]);
        purgeLog.logRefused(refusal);
      }
      return answer;
    },
  };
}
