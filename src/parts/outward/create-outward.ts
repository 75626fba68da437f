// Decides when an isolate delivers outward purges: after a purge that it accepted, once the purge is
// due, and at each run of the cron trigger.
import { rotated } from "../../base/rotated.ts";
import { pauseUnheld } from "../../base/timeouts.ts";
import type { PartHost } from "../../admin/part-contents.ts";
import type { OpenTarget, OutwardPorts, TargetReport } from "./port/outward-target.ts";
import type { Unavailable } from "../../purge/journal/journal.ts";
import { randomText } from "../../purge/create-purging.ts";

/** A Worker runs for 30 s after its answer, and a delivery takes some seconds. */
const waitMsMax = 18_000;
/** Purges of this time share a delivery. */
const joinMs = 1_000;
/** Requests to targets in one run. Workers on the free plan may send 50. */
const callsMax = 32;
/** The number of targets in one run of a Worker. Each then has requests for a whole batch. */
const targetsMax = 4;
/** The number of attempts, and the pause, while another isolate delivers. */
const busyTries = 3;
const busyPauseMs = 2_000;

export type Outward = NonNullable<ReturnType<typeof createOutward>>;

/**
 * Delivers accepted purges to these targets.
 *
 * @param targets by name
 * @returns `undefined` if there is no journal
 */
export function createOutward(
  { cache, site, platform }: Pick<PartHost, "cache" | "site" | "platform">,
  targets: ReadonlyMap<string, OpenTarget>,
) {
  const { purging, metrics } = cache;
  if (purging === undefined) return undefined;
  const { purge } = site.config;
  const dueAfterMs = purge.visibleWithinSeconds * 1_000 + purge.allowanceMs;
  const ports: OutwardPorts = {
    ...platform,
    // The platform's function for origins on Node sends only streams.
    fetch: platform.isServer === true ? (url, init) => fetch(url, init) : platform.fetch,
    journal: purging.journal,
    subscribers: purging.subscribers,
    siteHosts: site.siteHosts,
    dueAfterMs,
    randomText,
    called: (target, outcome) => metrics.add("outwardCalls", [target, outcome]),
    reset: (target, why) => metrics.add("outwardResets", [target, why]),
  };
  const { nowAtMs } = platform;
  let startedAtMs = Number.NEGATIVE_INFINITY;

  /** Delivers to the targets. Returns whether another isolate delivers to one of them. */
  const run = async (): Promise<boolean> => {
    startedAtMs = nowAtMs();
    const countMax = platform.isServer === true ? targets.size : targetsMax;
    const some = rotated([...targets.values()], startedAtMs).slice(0, countMax);
    const each = Math.floor(callsMax / Math.min(some.length, targetsMax));
    const limits = { callsMax: each, isForced: false };
    const ends = await Promise.all(some.map((target) => target.deliver(ports, limits)));
    return ends.includes("busy");
  };

  /** Waits until accepted entries are due, and delivers unless another request has done so since. */
  const deliverLater = async (): Promise<void> => {
    const atMs = nowAtMs() + dueAfterMs;
    const dueAtMs = Math.ceil(atMs / joinMs) * joinMs;
    if (dueAtMs - nowAtMs() > waitMsMax) return;
    await pauseUnheld(dueAtMs - nowAtMs());
    for (let tries = 0; tries < busyTries && startedAtMs < atMs; tries += 1) {
      if (!(await run())) return;
      startedAtMs = Number.NEGATIVE_INFINITY;
      await pauseUnheld(busyPauseMs);
    }
  };

  purging.acceptances.listen((entries, { afterAnswer }) => {
    const concerned = [...targets.values()].filter((target) => target.concerns(entries));
    if (concerned.length === 0) return;
    for (const target of concerned) {
      if (target.sendsAtOnce) afterAnswer(() => target.sendNow(ports, entries));
    }
    afterAnswer(deliverLater);
  });

  return {
    runCron: async (): Promise<void> => {
      await run();
    },
    reports: (): Promise<readonly (readonly [string, TargetReport | Unavailable])[]> =>
      Promise.all(
        [...targets].map(async ([name, target]) => [name, await target.report(ports)] as const),
      ),
    targets: [...targets.keys()],
    /** Delivers now, also during a pause after failures. */
    deliver: (name: string) =>
      ordered(targets, name, (target) => target.deliver(ports, { callsMax, isForced: true })),
    skip: (name: string) => ordered(targets, name, (target) => target.skip(ports)),
    dueAfterMs,
  };
}

async function ordered<Result>(
  targets: ReadonlyMap<string, OpenTarget>,
  name: string,
  order: (target: OpenTarget) => Promise<Result>,
): Promise<Result | undefined> {
  const target = targets.get(name);
  return target && order(target);
}
