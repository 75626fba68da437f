// Fires the cron trigger of one colo each minute, as the platform does regardless of the number of colos.
import type { Colo } from "./colo.ts";

const periodMs = 60_000;

export interface Cron {
  stop(): Promise<void>;
}

/** Ignores failures, which the Worker itself logs. */
export function startCron({ fireCron }: Pick<Colo, "fireCron">): Cron {
  const timer = setInterval(() => void fireCron().catch(() => undefined), periodMs);
  return { stop: async () => clearInterval(timer) };
}
