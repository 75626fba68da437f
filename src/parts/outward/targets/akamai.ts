// Purges at Akamai with Fast Purge (CCU v3).
import type { PurgeMode } from "../../../purge/journal/purge-target.ts";
import { jsonCall, type SignCall } from "../delivery/call.ts";
import { checkOptions, makeTarget, type TargetOptions, chunks } from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";

export interface AkamaiOptions extends TargetOptions {
  /** The host of the API client, such as `akab-….purge.akamaiapis.net`. */
  readonly host: string;
  /** The CP codes of the site, by which everything is purged. */
  readonly cpCodes: readonly number[];
  /** Default: `production`. */
  readonly network?: "production" | "staging" | undefined;
}

const bodyCharsMax = 50_000;
const limits = {
  requests: { burst: 100, perSecond: 50 },
  tag: { burst: 5_000, perSecond: 500 / 60 },
  url: { burst: 10_000, perSecond: 12_000 / 60 },
};

/**
 * Makes a target for Akamai. The credential has the client token, the client secret and the access
 * token of an API client with the permission `READ-WRITE` for Fast Purge.
 *
 * @example
 * outward({ akamai: akamai({ host: "akab-xxxx.purge.akamaiapis.net", cpCodes: [12345] }) })
 */
export function akamai(options: AkamaiOptions): OutwardTarget {
  const { host, cpCodes, network = "production" } = options;
  const areCodes = Array.isArray(cpCodes) && cpCodes.length > 0 && cpCodes.every(Number.isInteger);
  checkOptions("akamai", options, [
    !/^[\w.-]+\.akamaiapis\.net$/.test(host) && "host is not a host of akamaiapis.net.",
    !areCodes && "cpCodes is not a list of CP codes, which are whole numbers.",
    !["production", "staging"].includes(network) && 'network is not "production" or "staging".',
  ]);
  const callsOf = (
    kind: "url" | "tag" | "cpcode",
    objects: readonly (string | number)[],
    mode: PurgeMode,
  ) =>
    chunks(objects, Number.POSITIVE_INFINITY, bodyCharsMax - 100).map((some) => {
      const verb = mode === "soft" ? "invalidate" : "delete";
      const tokens = { requests: 1, ...(kind !== "cpcode" && { [kind]: some.length }) };
      return jsonCall(
        `https://${host}/ccu/v3/${verb}/${kind}/${network}`,
        { objects: some },
        tokens,
      );
    });
  return makeTarget(options, {
    credential: { parts: ["client token", "client secret", "access token"] },
    api: (credential) => ({
      reach: { url: "exact", tag: isAkamaiTag },
      limits,
      softens: true,
      callsFor: ({ everything, urls, tags }, mode) =>
        everything
          ? callsOf("cpcode", cpCodes, mode)
          : [...callsOf("tag", tags, mode), ...callsOf("url", urls, mode)],
      sign: edgeGridSigner(credential),
    }),
  });
}

/** A tag has at most 128 characters, and none of the separators of HTTP. */
function isAkamaiTag(tag: string): boolean {
  return /^[!#$%&'+\-./0-9A-Z^_`a-z|~]{1,128}$/.test(tag);
}

/** EdgeGrid signs this many bytes of a body. */
const signedBytesMax = 131_072;

/** @param credential the client token, the client secret and the access token */
export function edgeGridSigner([
  clientToken = "",
  clientSecret = "",
  accessToken = "",
]: readonly string[]): SignCall {
  return async (call, { atMs, randomText }) => {
    const { method, body = "" } = call;
    const { protocol, host, pathname, search } = new URL(call.url);
    const timestamp = `${new Date(atMs).toISOString().slice(0, 19).replaceAll("-", "")}+0000`;
    const unsigned =
      `EG1-HMAC-SHA256 client_token=${clientToken};access_token=${accessToken};` +
      `timestamp=${timestamp};nonce=${randomText()};`;
    const bytes = new TextEncoder().encode(body).slice(0, signedBytesMax);
    const digest = body === "" ? "" : base64(await crypto.subtle.digest("SHA-256", bytes));
    const path = pathname + search;
    const text = [method, protocol.slice(0, -1), host, path, "", digest, unsigned].join("\t");
    const signature = await hmac(await hmac(clientSecret, timestamp), text);
    return {
      ...call,
      headers: { ...call.headers, authorization: `${unsigned}signature=${signature}` },
    };
  };
}

async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, [
    "sign",
  ]);
  return base64(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
