// Starts one system of a bench: a Worker in several colos. Each colo has its own URL of the origin.
// With one port per colo, the origin can tell the colos apart.
import { type Colo, type ColoSettings, startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import type { RuntimeLog } from "./runtime-log.ts";

export interface ColosSettings {
  /** The prefix of the colos' names. */
  readonly name: string;
  readonly worker: string;
  /** One URL for each colo. */
  readonly originUrls: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly log: RuntimeLog;
  readonly shared?: ColoSettings["shared"];
}

export function startColos(running: Running, settings: ColosSettings): Promise<Colo[]> {
  const { name, worker, originUrls, env, log, shared } = settings;
  return Promise.all(
    originUrls.map((originUrl, at) =>
      running.add(
        startColo({
          name: `${name}-${at + 1}`,
          worker,
          port: 0,
          env: { ...env, ORIGIN_URL: originUrl },
          onLog: log.note,
          ...(shared && { shared }),
        }),
      ),
    ),
  );
}
