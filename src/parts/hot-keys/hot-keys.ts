// Exports of `tidemark/hot-keys`: the most requested keys are refreshed before they expire.
// See docs/origin-load.md#hot-keys.
import { type Fault, OperatorError } from "../../base/operator-error.ts";
import type { OpenPart, PartContents, PartHost } from "../../admin/part-contents.ts";
import type { HitSettings } from "../../pages/site/hit-port.ts";
import type { SitePart } from "../../part/port/part.ts";
import { CountedHits } from "./counted-hits.ts";
import { keepWarm } from "./keep-warm.ts";
import { RedisLists } from "../operate/reports/redis-lists.ts";

/**
 * Refreshes hot keys in the shared tier before they expire, when the cron trigger runs. Needs `operate()`, a
 * shared tier and `SITE_HOST`.
 *
 * @param count the number of keys, 1 to 1,000
 * @throws OperatorError for another number
 * @example
 * defineConfig({ parts: [operate(), hotKeys(50)] });
 */
export function hotKeys(count: number): SitePart {
  if (!Number.isInteger(count) || count < 1 || count > 1_000) {
    throw new OperatorError({
      what: "The Worker does not start.",
      why: `hotKeys has ${JSON.stringify(count)} keys.`,
      hint: "Give a whole number from 1 to 1,000.",
    });
  }
  const contents: PartContents = { fills: { openHits }, open: (host) => open(host, count) };
  return { kind: "site", name: "hotKeys", needs: ["operate"], contents };
}

/** Data in a store must not choose the host of a request, so hits count only on a list of hosts. */
function openHits(settings: HitSettings): CountedHits | undefined {
  const { hotKeys: lists, redis, config, tiers, siteHosts } = settings;
  const own = lists ?? (redis && new RedisLists({ redis, namespace: config.namespace }));
  if (own === undefined || tiers.ofWorld === undefined || siteHosts.length === 0) return undefined;
  return new CountedHits({ ...settings, lists: own });
}

function open({ site, contextFor }: PartHost, count: number): OpenPart {
  const { hits } = site;
  if (!(hits instanceof CountedHits)) return off(site);
  return {
    needsCron: true,
    runCron: (background) => keepWarm(contextFor(undefined, background), { hits, count }),
  };
}

function off({ siteHosts, tiers }: PartHost["site"]): OpenPart {
  const what = "hotKeys is off.";
  const otherwise = "or remove hotKeys() from the configuration.";
  const isHostless = siteHosts.length === 0 && tiers.ofWorld !== undefined;
  const fault: Fault = isHostless
    ? {
        what,
        why: "SITE_HOST is not set, so the hosts allowed for hot keys are unknown.",
        hint: `Set SITE_HOST, ${otherwise}`,
      }
    : {
        what,
        why: "There is no usable store, but keys can only be kept warm in the shared tier.",
        hint: `Pass stores: durableObjects(), or upstash() with UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, or redis(connection) on Node, ${otherwise}`,
      };
  return { faults: [fault] };
}
