// Purges a Fastly service: by surrogate keys, by URL, or everything.
import type { OutwardCall } from "../delivery/call.ts";
import { checkOptions, makeTarget, type TargetOptions, chunks } from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";

export interface FastlyOptions extends TargetOptions {
  /** The id of the service. */
  readonly service: string;
}

const api = "https://api.fastly.com";
const keysPerCall = 256;
/** Fastly allows 100,000 purges an hour to an account; this leaves a part of them to others. */
const purges = { burst: 1_000, perSecond: 20 };

/**
 * Makes a target for a Fastly service. The credential is an API token with the scopes
 * `purge_select` and `purge_all`.
 *
 * @example
 * outward({ fastly: fastly({ service: "SU1Z0isxPaozGVKXdv0eY" }) })
 */
export function fastly(options: FastlyOptions): OutwardTarget {
  const { service } = options;
  checkOptions("fastly", options, [
    !/^\w{8,64}$/.test(service) && "service is not the id of a service.",
  ]);
  return makeTarget(options, {
    credential: { noun: "API token" },
    api: (token) => ({
      reach: { url: "exact", tag: (tag) => tag.length <= 1_024 && /^[!-~]+$/.test(tag) },
      limits: { purges },
      softens: true,
      callsFor({ everything, urls, tags }, mode) {
        // Fastly cannot purge everything softly.
        if (everything)
          return [callOf(`${api}/service/${service}/purge_all`, "hard", undefined, 1)];
        return [
          ...chunks(tags, keysPerCall).map((keys) => {
            const body = JSON.stringify({ surrogate_keys: keys });
            return callOf(`${api}/service/${service}/purge`, mode, body, keys.length);
          }),
          ...urls.map((url) =>
            callOf(`${api}/purge/${url.replace(/^\w+:\/\//, "")}`, mode, undefined, 1),
          ),
        ];
      },
      sign: async (call) => ({ ...call, headers: { ...call.headers, "fastly-key": token } }),
    }),
  });
}

function callOf(
  url: string,
  mode: "hard" | "soft",
  body: string | undefined,
  count: number,
): OutwardCall {
  const headers = {
    accept: "application/json",
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(mode === "soft" && { "fastly-soft-purge": "1" }),
  };
  return { method: "POST", url, headers, body, tokens: { purges: count } };
}
