// Determines the client's address, the scheme and the host of a request to a Node server. Fields
// such as X-Forwarded-For count only if a trusted proxy sent them. Also undoes what a server changes in
// requests and answers.
import { type TrustsPeer, canonicalAddress } from "../config/trust-proxy.ts";
import type { Fault } from "../base/operator-error.ts";
import { hostForm } from "../routing/target.ts";
import { hasLostOctets } from "../rules/fields.ts";

/** The used part of the second argument of `fetch` in `@hono/node-server`. */
export interface ServerRequest {
  readonly incoming?: {
    readonly socket?: {
      readonly remoteAddress?: string | undefined;
      /** Set on a TLS connection. */
      readonly encrypted?: boolean | undefined;
    };
  };
  readonly outgoing?: {
    flushHeaders?: () => void;
    writeHead?(status: number, ...fields: never[]): unknown;
    cork(): void;
    write(chunk: Uint8Array): unknown;
    uncork(): void;
  };
}

/** How a request arrived at the site. */
export interface Arrival {
  /** The client's address; `null` if unknown. */
  readonly address: string | null;
  /** The requested URL. */
  readonly url: string;
  readonly method: string;
  /**
   * Whether the request has more than one `Host` field, which is invalid (RFC 9112 §3.2). Node uses
   * the first field, and other servers use the last.
   */
  readonly hasTwoHosts: boolean;
  /** The server's request, which names the client. */
  readonly server: ServerRequest;
}

const mapped = /^::ffff:(?=\d+\.)/i;

/** Returns the peer's address: an IPv4-mapped IPv6 address becomes IPv4, and a zone is removed. */
function peerOf(server: ServerRequest): string | undefined {
  const address = server.incoming?.socket?.remoteAddress;
  if (address === undefined || !address.includes(":")) return address;
  return address.replace(mapped, "").replace(/%.*$/, "");
}

/**
 * Determines how a request arrived. Without a trusted proxy, the address and the scheme are those
 * of the connection, even if the request target has another scheme (RFC 9112 §3.2.2).
 *
 * @param server the server's request; without a connection, the address is unknown
 * @param trusts returns whether a proxy is trusted; `undefined` if none is
 */
function arrivalOf(
  request: Pick<Request, "url" | "method" | "headers">,
  server: ServerRequest,
  trusts: TrustsPeer | undefined,
): Arrival {
  const { method, headers } = request;
  const hasTwoHosts = headers.get("host")?.includes(",") === true;
  const about = { method, hasTwoHosts, server };
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

/** Returns the request with the URL that the client requested. */
export function requestAt(arrival: Arrival | undefined, request: Request): Request {
  const { url } = arrival ?? request;
  if (url === request.url) return request;
  const { method, headers, body } = request;
  // Node requires `duplex` if the body is a stream.
  return new Request(url, { method, headers, body, duplex: "half" } as RequestInit);
}

/** The fault if a proxy is trusted, but the server's connection was not passed on. */
const unknownPeer: Fault = {
  what: "trustProxy has no effect.",
  why: "The server's connection was not passed to the cache, so the peer is unknown.",
  hint:
    "Pass on the second argument of fetch: " +
    "serve({ fetch: (request, server) => worker.fetch(request, env, context, server) }).",
};

const schemeAndHost = /^(https?):\/\/([^/?#]*)/i;

function withSchemeAndHost(url: string, scheme: string, host?: string): string {
  if (host === undefined && url.startsWith(`${scheme}://`)) return url;
  return url.replace(schemeAndHost, (_, _scheme, own: string) => `${scheme}://${host ?? own}`);
}

/**
 * Finds the client: the first address from the right that does not belong to a trusted proxy. Each
 * proxy appends the address of its own peer. If all addresses belong to trusted proxies, the
 * leftmost address is the client's.
 *
 * @returns the client's address, and the number of consecutive trusted proxies, including the
 *   connection's peer
 */
function clientBehind(peer: string | undefined, forwardedFor: string | null, trusts: TrustsPeer) {
  let address = peer;
  let hops = 1;
  for (const entry of forwardedFor?.split(",").toReversed() ?? []) {
    const before = addressIn(entry.trim());
    // This entry is not an address, so the previous address is the client's.
    if (before === undefined) break;
    address = before;
    if (!trusts(before, hops)) break;
    hops += 1;
  }
  return { address, hops };
}

/** Removes a port, which some proxies add, and the brackets of IPv6. */
function addressIn(entry: string): string | undefined {
  const [, bracketed] = /^"?\[([^\]]*)\](?::\d+)?"?$/.exec(entry) ?? [];
  const [, ported] = /^([\d.]+):\d+$/.exec(entry) ?? [];
  return canonicalAddress(bracketed ?? ported ?? entry);
}

/** Returns the value from the outermost trusted proxy. Each proxy appends its own value. */
function stated(value: string | null, hops: number): string | undefined {
  const values = value?.split(",") ?? [];
  return values[Math.max(0, values.length - hops)]?.trim();
}

/** The fault on Workers. The same configuration may also run on Node, so this is not an error. */
const trustOnWorkers: Fault = {
  what: "trustProxy has no effect.",
  why: "On Workers, Cloudflare states each client's address, scheme and host.",
  hint: "Remove trustProxy, unless the same configuration also runs on Node.",
};

/** Reads how a request arrived. */
export type ReadArrival = (request: Request, server: ServerRequest | undefined) => Arrival;

/**
 * Creates a reader of arrivals.
 *
 * @param settings.trustsPeer `undefined` if no proxy is trusted
 * @param settings.tell called once if `trustProxy` has no effect
 * @returns `undefined` on Workers, where Cloudflare's fields have this data
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
  let isReported = trustsPeer === undefined;
  return (request, server = {}) => {
    if (!isReported && server.incoming?.socket === undefined) {
      isReported = true;
      tell(unknownPeer);
    }
    if (server.outgoing?.flushHeaders) server.outgoing.flushHeaders = sendHead;
    return arrivalOf(request, server, trustsPeer);
  };
}

/**
 * Sends the fields of an answer before its body. Node's own `flushHeaders` sends them as UTF-8. With a
 * chunk, even an empty one, Node sends each character as one octet (`_send` in lib/_http_outgoing.js).
 * Without `cork`, Node would wait for the next tick, and an error before would drop the fields.
 */
function sendHead(this: NonNullable<ServerRequest["outgoing"]>): void {
  this.cork();
  this.write(new Uint8Array());
  this.uncork();
}

/** `@hono/node-server` gives this type to each body without one, also to HTML and images. */
const defaultType = "text/plain; charset=UTF-8";

/**
 * Lets a Node server send an answer without `Content-Type` as it is. A type that code around the cache sets stays.
 * So does that of another answer in its place, which has another `Cache-Status`.
 *
 * @returns the same answer
 */
export function keptUntyped(answer: Response, server: ServerRequest | undefined): Response {
  const { headers } = answer;
  const { outgoing } = server ?? {};
  if (outgoing?.writeHead === undefined || headers.has("content-type")) return answer;
  const writeHead = outgoing.writeHead.bind(outgoing);
  const cacheStatus = headers.get("cache-status") ?? undefined;
  outgoing.writeHead = (status, ...given: { [name: string]: unknown }[]) => {
    const [fields = {}] = given;
    const isOfAnswer = fields["cache-status"] === cacheStatus && !headers.has("content-type");
    if (isOfAnswer && fields["content-type"] === defaultType) delete fields["content-type"];
    return writeHead(status, ...(given as never[]));
  };
  return answer;
}

/** Matches a quoted string, or the joint of two lines. A comma is invalid in cookies. */
const quotedOrJoint = /"[^"]*"|, (?=[!#$%&'*+.^_`|~\w-]+=)/g;

/**
 * Returns the request with the lines of its `Cookie` field joined by semicolons (RFC 9113 §8.2.3). Workers join them by
 * commas, by which origins read one cookie.
 */
export function withJoinedCookies(request: Request): Request {
  const field = request.headers.get("cookie");
  if (field?.includes(", ") !== true || hasLostOctets(field)) return request;
  const joined = field.replaceAll(quotedOrJoint, (found) => (found === ", " ? "; " : found));
  if (joined === field) return request;
  const headers = new Headers(request.headers);
  headers.set("cookie", joined);
  return new Request(request, { headers });
}
