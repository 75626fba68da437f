// The request fields that the origin sees. Vary selects by these, so that what is forwarded is
// exactly what was keyed.
import { connectionFields } from "../http/storable-fields.ts";
import type { Fields } from "../http/stored-response.ts";
import { surrogateCapability } from "../http/surrogate-control.ts";
import { conditionalFieldNames } from "../http/validators.ts";
import { reducedAcceptEncoding } from "./accept-encoding.ts";
import { isForged, isSteering } from "./steering-fields.ts";
import type { Target } from "./target.ts";

const neverForwarded: ReadonlySet<string> = new Set(["host", "proxy-authorization"]);
const requestCaching: ReadonlySet<string> = new Set(["cache-control", "pragma"]);
const bodyFields: ReadonlySet<string> = new Set(["content-length", "content-type", "expect"]);
const conditional: ReadonlySet<string> = new Set([...conditionalFieldNames, "range"]);

export interface ForwardedRequest {
  readonly client: Headers;
  readonly target: Target;
}

/** Of a request that may be answered from a stored response. */
export class KeyedFields implements Fields {
  readonly #request: ForwardedRequest;
  readonly #given: { cookies: string; keyHeaders: readonly string[]; honoursDirectives: boolean };
  #connection: ReadonlySet<string> | undefined;

  /**
   * @param given.cookies    those that count, as one field value; empty for none
   * @param given.keyHeaders fields that the route keys by; these reach the origin whatever they are
   */
  constructor(
    request: ForwardedRequest,
    given: { cookies: string; keyHeaders: readonly string[]; honoursDirectives: boolean },
  ) {
    this.#request = request;
    this.#given = given;
  }

  /** The same fields with other cookies. */
  withCookies(cookies: string): KeyedFields {
    return new KeyedFields(this.#request, { ...this.#given, cookies });
  }

  get(name: string): string | null {
    const lower = name.toLowerCase();
    const { client } = this.#request;
    if (lower === "accept-encoding") return reducedAcceptEncoding(client.get("accept-encoding"));
    if (lower === "cookie") return this.#given.cookies === "" ? null : this.#given.cookies;
    const own = introducedValue(lower, this.#request);
    if (own !== undefined) return own;
    return this.#isDropped(lower) ? null : client.get(lower);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  #isDropped(name: string): boolean {
    if (this.#given.keyHeaders.includes(name)) return false;
    this.#connection ??= connectionFields(this.#request.client);
    return (
      isSteering(name) ||
      neverForwarded.has(name) ||
      conditional.has(name) ||
      bodyFields.has(name) ||
      this.#connection.has(name) ||
      (requestCaching.has(name) && !this.#given.honoursDirectives)
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

/** Of a request that is passed by: all that the client sent, save what it forged or its connection had. */
export function passedFields(request: ForwardedRequest): Headers {
  const headers = new Headers(request.client);
  const dropped = connectionFields(request.client);
  for (const [name] of request.client) {
    // What Connection nominates need not be a name: only what is there is deleted.
    if (isForged(name) || dropped.has(name) || neverForwarded.has(name)) headers.delete(name);
  }
  return introduced(headers, request, []);
}

const introducedNames = [
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-for",
  "via",
  "surrogate-capability",
] as const;

/**
 * Fields that are ours to set: RFC 9110 §7.6.3 asks for Via, and nobody else is believed on the
 * X-Forwarded ones, nor on Surrogate-Capability: a client that claims to process ESI would get its
 * source stored for everybody.
 *
 * @returns `null` for one that is left out, `undefined` for any other field
 */
function introducedValue(name: string, request: ForwardedRequest): string | null | undefined {
  switch (name) {
    case "x-forwarded-proto":
      return request.target.scheme;
    case "x-forwarded-host":
      return request.target.host;
    case "x-forwarded-for":
      return request.client.get("cf-connecting-ip");
    // Whoever sends it adds our own name, which no two answers differ by.
    case "via":
      return request.client.get("via");
    case "surrogate-capability":
      return surrogateCapability;
    default:
      return undefined;
  }
}

function introduced(
  headers: Headers,
  request: ForwardedRequest,
  extra: readonly (readonly [name: string, value: string])[],
): Headers {
  for (const name of introducedNames) {
    const value = introducedValue(name, request) ?? null;
    if (value !== null) headers.set(name, value);
  }
  // Left to itself the runtime adds no-cache, and then many origins never answer 304.
  if (!headers.has("cache-control")) headers.set("cache-control", "max-age=0");
  for (const [name, value] of extra) headers.set(name, value);
  return headers;
}
