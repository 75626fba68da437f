// Fires the cron trigger each minute, in one colo only, as the platform does.
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
