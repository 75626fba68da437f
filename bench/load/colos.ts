// Starts one system of a bench: a Worker in several colos.
import { type Colo, type ColoSettings, startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import type { RuntimeLog } from "./runtime-log.ts";

interface ColosSettings {
  /** The prefix of the colos' names. */
  readonly name: string;
  readonly worker: string;
  readonly coloCount: number;
  readonly originUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly log: RuntimeLog;
  readonly shared?: ColoSettings["shared"];
}

export function startColos(running: Running, settings: ColosSettings): Promise<Colo[]> {
  const { name, worker, coloCount, originUrl, env, log, shared } = settings;
  return Promise.all(
    Array.from({ length: coloCount }, (_, at) =>
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
