// One system under load: a Worker in several colos, each with a port of the origin to itself, so that
// the origin can tell by whom it was asked.
import { type Colo, startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import type { RuntimeLog } from "./runtime-log.ts";

export interface ColosSettings {
  /** Colos are named for it. */
  readonly name: string;
  readonly worker: string;
  /** One for each colo. */
  readonly originUrls: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly log: RuntimeLog;
}

export function startColos(running: Running, settings: ColosSettings): Promise<Colo[]> {
  const { name, worker, originUrls, env, log } = settings;
  return Promise.all(
    originUrls.map((originUrl, at) =>
      running.add(
        startColo({
          name: `${name}-${at + 1}`,
          worker,
          port: 0,
          env: { ...env, ORIGIN_URL: originUrl },
          onLog: log.note,
        }),
      ),
    ),
  );
}
