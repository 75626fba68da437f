// Who sent a request to a server of Node, and by which scheme and host: what the connection says, or what
// trusted proxies before it say. Nothing else in a request is believed on this.
import type { TrustsPeer } from "../config/trust-proxy.ts";
import { canonicalAddress } from "../config/ip-address.ts";
import type { Fault } from "../base/operator-error.ts";

/** What `@hono/node-server` hands to `fetch` beside the request, as far as it is read here. */
export interface ServerRequest {
  readonly incoming?: {
    readonly socket?: {
      readonly remoteAddress?: string | undefined;
      /** Set on a TLS connection. */
      readonly encrypted?: boolean | undefined;
    };
  };
}

/** How a request reached the site. */
export interface Arrival {
  /** The client's address; `null` where it is unknown. */
  readonly address: string | null;
  /** The URL that the client asked for. */
  readonly url: string;
  readonly method: string;
  /** Names two hosts, of which Node takes the first and others the last (RFC 9112 §3.2). */
  readonly hasTwoHosts: boolean;
}

const mapped = /^::ffff:(?=\d+\.)/i;

/** An IPv4 client of a socket for both families is written as IPv6; a link-local one has a zone. */
function peerOf(server: ServerRequest): string | undefined {
  const address = server.incoming?.socket?.remoteAddress;
  if (address === undefined || !address.includes(":")) return address;
  return address.replace(mapped, "").replace(/%.*$/, "");
}

/**
 * Reads how a request arrived. Without a trusted proxy, the address and the scheme are the connection's,
 * also for a request target that names another scheme (RFC 9112 §3.2.2).
 *
 * @param server what the server states; without a connection, the address is unknown
 * @param trusts `undefined`: no proxy is trusted
 */
export function arrivalOf(
  request: Pick<Request, "url" | "method" | "headers">,
  server: ServerRequest,
  trusts: TrustsPeer | undefined,
): Arrival {
  const { method, headers } = request;
  const hasTwoHosts = headers.get("host")?.includes(",") === true;
  const about = { method, hasTwoHosts };
  const socket = server.incoming?.socket;
  if (socket === undefined) return { address: null, url: request.url, ...about };
  const scheme = socket.encrypted === true ? "https" : "http";
  const peer = peerOf(server);
  if (trusts?.(peer, 0) !== true) {
    return { address: peer ?? null, url: withSchemeAndHost(request.url, scheme), ...about };
  }
  const { address, hops } = clientBehind(peer, headers.get("x-forwarded-for"), trusts);
  const statedScheme = stated(headers.get("x-forwarded-proto"), hops)?.toLowerCase();
  const isScheme = statedScheme === "http" || statedScheme === "https";
  const statedHost = stated(headers.get("x-forwarded-host"), hops) ?? "";
  const host = hostForm.test(statedHost) ? statedHost : undefined;
  const url = withSchemeAndHost(request.url, isScheme ? statedScheme : scheme, host);
  return { address: address ?? null, url: URL.canParse(url) ? url : request.url, ...about };
}

/** The same request, as it was sent to the site. */
export function requestAt(arrival: Arrival | undefined, request: Request): Request {
  const { url } = arrival ?? request;
  if (url === request.url) return request;
  const { method, headers, body } = request;
  // Node takes a stream as a body only together with this member.
  return new Request(url, { method, headers, body, duplex: "half" } as RequestInit);
}

/** A proxy is trusted, but the server was not handed on, so nobody is believed. */
const unknownPeer: Fault = {
  what: "trustProxy has no effect.",
  why: "The server's connection was not handed to the cache, so no peer can be told from another.",
  mend:
    "Hand on what the server passes to fetch: " +
    "serve({ fetch: (request, server) => worker.fetch(request, env, context, server) }).",
};

const hostForm = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;
const schemeAndHost = /^(https?):\/\/([^/?#]*)/i;

function withSchemeAndHost(url: string, scheme: string, host?: string): string {
  if (host === undefined && url.startsWith(`${scheme}://`)) return url;
  return url.replace(schemeAndHost, (_, _scheme, own: string) => `${scheme}://${host ?? own}`);
}

/**
 * The client is the first address from the right that no trusted proxy has: each proxy appends the
 * address of its own peer.
 *
 * @returns how many proxies in a row are trusted, the connection's peer included
 */
function clientBehind(peer: string | undefined, forwardedFor: string | null, trusts: TrustsPeer) {
  let address = peer;
  let hops = 1;
  for (const entry of forwardedFor?.split(",").toReversed() ?? []) {
    const before = addressIn(entry.trim());
    // What is no address tells of no client: it came from the last one that is.
    if (before === undefined) break;
    address = before;
    if (!trusts(before, hops)) break;
    hops += 1;
  }
  return { address, hops };
}

/** Some proxies add the port, and then IPv6 stands in brackets. */
function addressIn(entry: string): string | undefined {
  const [, bracketed] = /^"?\[([^\]]*)\](?::\d+)?"?$/.exec(entry) ?? [];
  const [, ported] = /^([\d.]+):\d+$/.exec(entry) ?? [];
  return canonicalAddress(bracketed ?? ported ?? entry);
}

/** Of several values, the one by the outermost trusted proxy: each proxy appends its own. */
function stated(value: string | null, hops: number): string | undefined {
  const values = value?.split(",") ?? [];
  return values[Math.max(0, values.length - hops)]?.trim();
}

/** A configuration may be for both hosts. */
const trustOnWorkers: Fault = {
  what: "trustProxy has no effect.",
  why: "On Workers, Cloudflare states each client's address, scheme and host.",
  mend: "Leave trustProxy out, unless the same configuration runs on Node too.",
};

/** Reads how a request arrived. */
export type ReadArrival = (request: Request, server: ServerRequest | undefined) => Arrival;

/**
 * @returns `undefined` on Workers, where Cloudflare's fields say it
 * @param settings.trustsPeer `undefined`: no proxy is trusted
 * @param settings.tell       hears once of a trust that has no effect
 */
export function arrivalReader(settings: {
  readonly isServer?: boolean;
  readonly trustsPeer: TrustsPeer | undefined;
  readonly tell: (fault: Fault) => void;
}): ReadArrival | undefined {
  const { isServer = false, trustsPeer, tell } = settings;
  if (!isServer) {
    if (trustsPeer !== undefined) tell(trustOnWorkers);
    return undefined;
  }
  let isTold = trustsPeer === undefined;
  return (request, server = {}) => {
    if (!isTold && server.incoming?.socket === undefined) {
      isTold = true;
      tell(unknownPeer);
    }
    return arrivalOf(request, server, trustsPeer);
  };
}
