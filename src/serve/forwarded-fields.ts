// The request fields that the origin sees. Vary selects by these, so that what is forwarded is
// exactly what was keyed.
import { connectionFields } from "../http/storable-fields.ts";
import type { Fields } from "../http/stored-response.ts";
import { conditionalFieldNames } from "../http/validators.ts";
import { reducedAcceptEncoding } from "./accept-encoding.ts";
import type { Target } from "./target.ts";

/** Fields by which a client could tell the origin that it is asked for something else. */
const steering: ReadonlySet<string> = new Set(
  (
    "forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto " +
    "x-forwarded-prefix x-forwarded-scheme x-forwarded-server x-forwarded-ssl x-host x-real-ip " +
    "x-original-host x-original-url x-rewrite-url x-http-method x-http-method-override " +
    "x-method-override front-end-https x-url-scheme"
  ).split(" "),
);

/** Of those, the ones that name the client's way here; a request that is passed by loses them too. */
const forwarding: ReadonlySet<string> = new Set(
  [...steering].filter((name) => !/method|-url$/.test(name)),
);

const neverForwarded: ReadonlySet<string> = new Set(["host", "proxy-authorization"]);
const requestCaching: ReadonlySet<string> = new Set(["cache-control", "pragma"]);
const bodyFields: ReadonlySet<string> = new Set(["content-length", "content-type", "expect"]);
const conditional: ReadonlySet<string> = new Set([...conditionalFieldNames, "range"]);

export interface ForwardedRequest {
  readonly client: Headers;
  readonly target: Target;
  readonly clientAddress: string | null;
}

/** Of a request that may be answered from a stored response. */
export class KeyedFields implements Fields {
  readonly #request: ForwardedRequest;
  readonly #cookies: string;
  readonly #honoursDirectives: boolean;

  /** @param given.cookies those that count, as one field value; empty for none */
  constructor(given: { request: ForwardedRequest; cookies: string; honoursDirectives: boolean }) {
    this.#request = given.request;
    this.#cookies = given.cookies;
    this.#honoursDirectives = given.honoursDirectives;
  }

  get(name: string): string | null {
    const lower = name.toLowerCase();
    if (lower === "accept-encoding") {
      return reducedAcceptEncoding(this.#request.client.get("accept-encoding"));
    }
    if (lower === "cookie") return this.#cookies === "" ? null : this.#cookies;
    return this.#isDropped(lower) ? null : this.#request.client.get(lower);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  #isDropped(name: string): boolean {
    return (
      steering.has(name) ||
      neverForwarded.has(name) ||
      conditional.has(name) ||
      bodyFields.has(name) ||
      connectionFields(this.#request.client).has(name) ||
      (requestCaching.has(name) && !this.#honoursDirectives)
    );
  }

  /** @param extra fields of our own, such as the validators of a stored response */
  toHeaders(extra: readonly (readonly [name: string, value: string])[]): Headers {
    const headers = new Headers();
    for (const [name] of this.#request.client) {
      const value = this.get(name);
      if (value !== null) headers.set(name, value);
    }
    headers.set("accept-encoding", this.get("accept-encoding") ?? "identity");
    return introduced(headers, this.#request, extra);
  }
}

/** Of a request that is passed by: all that the client sent, save what belongs to its connection. */
export function passedFields(request: ForwardedRequest): Headers {
  const headers = new Headers(request.client);
  const dropped = connectionFields(request.client);
  // What Connection nominates need not be a name: only what is there is deleted.
  for (const [name] of request.client) if (dropped.has(name)) headers.delete(name);
  for (const name of [...neverForwarded, ...forwarding]) headers.delete(name);
  return introduced(headers, request, []);
}

/** RFC 9110 §7.6.3 asks for Via; the X-Forwarded fields are ours alone to set. */
function introduced(
  headers: Headers,
  request: ForwardedRequest,
  extra: readonly (readonly [name: string, value: string])[],
): Headers {
  headers.set("x-forwarded-proto", request.target.scheme);
  headers.set("x-forwarded-host", request.target.host);
  if (request.clientAddress !== null) headers.set("x-forwarded-for", request.clientAddress);
  headers.append("via", "1.1 tidemark");
  for (const [name, value] of extra) headers.set(name, value);
  return headers;
}
