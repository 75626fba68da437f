// Fires a colo's cron trigger once a minute, as the platform does: in one place, whatever the
// number of colos.
import type { Colo } from "./colo.ts";

const periodMs = 60_000;

export interface Cron {
  stop(): Promise<void>;
}

/** A run that fails is the Worker's affair, which logs it; the next one comes all the same. */
export function startCron({ fireCron }: Pick<Colo, "fireCron">): Cron {
  const timer = setInterval(() => void fireCron().catch(() => undefined), periodMs);
  return { stop: async () => clearInterval(timer) };
}
