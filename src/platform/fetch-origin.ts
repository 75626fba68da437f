// Sends a request of the site to one of its origins, and makes the answer one of the site.
import type { Config } from "../config/config.ts";
import type { Metrics } from "../observe/metrics.ts";
import { pathForOrigin, type Target } from "../routing/target.ts";
import { askOrigin, type OriginCall } from "./ask-origin.ts";
import { withinLimits } from "./field-limits.ts";
import type { OriginTarget } from "./origins.ts";
import type { Platform } from "./platform.ts";
import { asOfSite } from "./site-address.ts";

/** A request for a page of the site. */
export interface OriginRequest extends Omit<OriginCall, "host"> {
  readonly target: Target;
}

interface OriginSettings {
  /** The origins by their names in the configuration. */
  readonly origins: ReadonlyMap<string, OriginTarget>;
  readonly platform: Omit<Platform, "cache">;
  readonly metrics: Metrics;
  readonly config: Pick<Config, "anywhere">;
}

/**
 * Returns a function that sends a request to an origin by its name in the configuration. It rejects if
 * the origin cannot be reached.
 */
export function originFetch({ origins, platform, metrics, config }: OriginSettings) {
  return async (name: string, request: OriginRequest): Promise<Response> => {
    const origin = origins.get(name);
    if (origin === undefined) throw new Error(`No origin is named ${name}.`);
    metrics.add("originRequests");
    const { target, own } = request;
    // A binding or handler has no address of its own, so it receives the site's URL.
    const ownHost = origin.kind === "handler" && own ? target.ownHost : target.host;
    const host = target.place?.host;
    const base = origin.kind === "url" ? origin.base : `${target.scheme}://${host ?? ownHost}`;
    const sent = { ...request, host: target.isAtFallback === true ? undefined : host };
    const response = await askOrigin(origin, base + pathForOrigin(target), sent, platform);
    // Without a URL or a place of its own, an origin has no address to replace in the response.
    const isRenamed = origin.kind === "url" || target.place !== undefined;
    const limited = withinLimits(response, config);
    return asOfSite(limited, request, isRenamed ? base : undefined);
  };
}
