// Purges a pull zone of bunny.net.
import { jsonCall, type OutwardCall } from "../delivery/call.ts";
import {
  checkOptions,
  makeTarget,
  type TargetOptions,
  isVisibleTag,
} from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";

export interface BunnyOptions extends TargetOptions {
  /** The id of the pull zone. */
  readonly pullZone: number;
}

const api = "https://api.bunny.net";

/**
 * Makes a target for a pull zone of bunny.net. The credential is the API key of the account.
 *
 * @example
 * outward({ bunny: bunny({ pullZone: 12345 }) })
 */
export function bunny(options: BunnyOptions): OutwardTarget {
  const { pullZone } = options;
  const isId = Number.isInteger(pullZone) && pullZone > 0;
  checkOptions("bunny", options, [!isId && "pullZone is not the id of a pull zone."]);
  const zoneUrl = `${api}/pullzone/${pullZone}/purgeCache`;
  return makeTarget(options, {
    credential: { parts: ["API key"] },
    api: ([key = ""]) => ({
      reach: { url: "exact", prefix: "text", host: true, tag: isVisibleTag },
      limits: { requests: { burst: 120, perSecond: 5 } },
      softens: false,
      callsFor({ everything, urls, prefixes, hosts, tags }) {
        if (everything) return [callOf(zoneUrl)];
        const patterns = [
          ...prefixes.map(({ scheme, host, path }) => `${scheme}://${host}${path}*`),
          ...hosts.map((host) => `https://${host}/*`),
        ];
        return [
          ...tags.map((tag) => jsonCall(zoneUrl, { CacheTag: tag })),
          ...urls.map((url) => callOf(purgeOf(url, "true"))),
          ...patterns.map((url) => callOf(purgeOf(url, "false"))),
        ];
      },
      sign: async (call) => ({ ...call, headers: { ...call.headers, accesskey: key } }),
    }),
  });
}

/** @param exactPath without it, a URL that ends with a slash also names the pages below it */
function purgeOf(url: string, exactPath: "true" | "false"): string {
  return `${api}/purge?${new URLSearchParams({ url, async: "true", exactPath }).toString()}`;
}

function callOf(url: string): OutwardCall {
  return { method: "POST", url, headers: {}, tokens: { requests: 1 } };
}
