// Plays one random history: an item, its reads at all processes, its changes and its purges.
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../../testing/draws.ts";
import type { Bounds, CacheKind, HistoryEvent } from "./judge.ts";
import type { Item } from "./origin.ts";
import { type PurgeCall, purgeItem, readItem, type Site } from "./requests.ts";

/** The share of renders that a change and its purge interrupt. */
const interruptedShare = 0.1;

/** The share of loads that take longer than purges may take to become visible. */
const slowShare = 0.05;

interface Played {
  readonly site: Site;
  readonly id: string;
  readonly caches: readonly CacheKind[];
  readonly bounds: Bounds;
  readonly draws: Draws;
}

/** Returns all events of the history. Its last reads see every purge and every refresh. */
export async function playHistory(played: Played): Promise<HistoryEvent[]> {
  const { site, id, bounds, draws } = played;
  const events: HistoryEvent[] = [];
  const caches = draws.shuffled(played.caches).slice(0, 2);
  const loads = draws.fork();
  let isEnding = false;
  const item: Item = site.origin.add(id, async () => {
    const isSlow = !isEnding && loads.isLucky(slowShare);
    const tookMs = loads.between(isSlow ? 1 : 0, isSlow ? 3 : 0.5) * bounds.withinMs;
    const answered = delay(tookMs);
    if (!isEnding && loads.isLucky(interruptedShare)) {
      await delay(20);
      // The purge must not wait for this load.
      await Promise.race([changeAndPurge(loads), delay(0.8 * bounds.withinMs)]);
    }
    await answered;
  });

  const changeAndPurge = async (from: Draws) => {
    item.version += 1;
    const seen = { version: item.version, isDuringLoad: item.waitingCount > 0 };
    events.push(await purgeItem(site, id, drawnPurge(from, caches, site), seen));
  };
  const read = async (cache: CacheKind, process: number) =>
    void events.push(await readItem(site, { cache, id, process }));
  const processes = site.urls.map((_, index) => index);

  const readings: Promise<void>[] = [];
  const stepCount = Math.floor(draws.between(10, 21));
  for (let step = 0; step < stepCount; step += 1) {
    const chance = draws.between(0, 1);
    if (chance < 0.2) await changeAndPurge(draws);
    else if (chance < 0.3) await delay(draws.between(1, 1.5) * bounds.withinMs);
    else {
      const reading = read(draws.oneOf(caches), draws.oneOf(processes));
      readings.push(reading);
      // Half of the reads overlap the next steps.
      if (draws.isLucky(0.5)) await reading;
    }
    await delay(draws.between(0, 0.3) * bounds.withinMs);
  }
  isEnding = true;
  await Promise.all(readings);
  await readAtTheEnd();
  return events;

  /** Reads everything three times: for a stale answer, for its refresh, and for the result. */
  async function readAtTheEnd() {
    for (const waitMs of [3 * bounds.withinMs, 1.1 * bounds.refreshMs, 1.1 * bounds.refreshMs]) {
      await delay(waitMs);
      for (const process of processes) await Promise.all(caches.map((one) => read(one, process)));
    }
  }
}

function drawnPurge(draws: Draws, caches: readonly CacheKind[], { urls }: Site): PurgeCall {
  const call = draws.oneOf(["updateTag", "expireTag", "staleTag", "path"] as const);
  return {
    call,
    // Next.js refuses `updateTag` outside Server Actions.
    via: call === "updateTag" ? "action" : draws.oneOf(["action", "route"] as const),
    path: call === "path" ? draws.oneOf(caches) : undefined,
    process: draws.oneOf(urls.map((_, index) => index)),
  };
}
