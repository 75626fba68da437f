// The request fields that the origin sees. Vary selects by these, so that what is forwarded is
// exactly what was keyed.
import { connectionFields } from "../../rules/storable-fields.ts";
import type { Route } from "../../config/config.ts";
import type { FieldLine, Fields } from "../../rules/fields.ts";
import { surrogateCapability } from "../../rules/surrogate-control.ts";
import { traceFieldNames } from "../../rules/trace-context.ts";
import { conditionalFieldNames } from "../../rules/validators.ts";
import { reducedAcceptEncoding } from "./accept-encoding.ts";
import { isAlias, isForged, isSteering } from "./steering-fields.ts";
import type { Target } from "./target.ts";

const neverForwarded: ReadonlySet<string> = new Set(["host", "proxy-authorization"]);
const requestCaching: ReadonlySet<string> = new Set(["cache-control", "pragma"]);
const contentFields = ["length", "type", "encoding", "language"].map((of) => `content-${of}`);
const bodyFields = [...contentFields, "expect"];
/** Fields of one request alone. A forward adds the ones that it needs. */
const ofOneRequest = [...conditionalFieldNames, "range", ...traceFieldNames];
const withheld = new Set([...neverForwarded, ...ofOneRequest, ...bodyFields]);

/**
 * Does no client's field of this name reach the origin with what may be stored, unless it is keyed?
 *
 * @param name in lower case
 */
export function isWithheld(name: string): boolean {
  return isAlias(name) || isSteering(name) || withheld.has(name);
}

export interface ForwardedRequest {
  readonly client: Headers;
  readonly target: Target;
  /** The client's address, `null` if unknown; `undefined`: Cloudflare has written it into `client`. */
  readonly address?: string | null | undefined;
  /** The address of the client that occasioned it, where `client` is not that client's. */
  readonly occasionedBy?: string | null;
}

/** The address by which a client is told from others; `null` where nobody states it. */
export function addressOf({ address, client }: ForwardedRequest): string | null {
  return address === undefined ? client.get("cf-connecting-ip") : address;
}

/** Cloudflare's fields, wherever a server other than Cloudflare's took the request. */
function isUnbacked(name: string, { address }: ForwardedRequest): boolean {
  return address !== undefined && name.startsWith("cf-");
}

/** What a route, and what is known of the key, say of a request's fields. */
export interface KeyedBy {
  /** The cookies that count, as one field value; empty for none. */
  readonly cookies: string;
  /** Those of them that are part of the key. */
  readonly keyedCookies: string;
  /** Fields that it keys by reach the origin, whatever they are. */
  readonly route: Pick<Route, "keyHeaders" | "forward" | "honourRequestDirectives" | "credentials">;
}

const none: readonly string[] = [];

/** Of a request that may be answered from a stored response. */
export class KeyedFields implements Fields {
  readonly #request: ForwardedRequest;
  readonly #given: KeyedBy;
  /** Fields that the answer is known to vary by; these reach the origin, too. */
  readonly #selecting: readonly string[];
  #connection: ReadonlySet<string> | undefined;
  #credentials: readonly string[] | undefined;

  constructor(request: ForwardedRequest, given: KeyedBy, selecting: readonly string[] = []) {
    this.#request = request;
    this.#given = given;
    this.#selecting = selecting;
  }

  /** Also where the origin is not told of it: the platform may tell it all the same. */
  get clientAddress(): string | null {
    const { occasionedBy } = this.#request;
    return occasionedBy === undefined ? addressOf(this.#request) : occasionedBy;
  }

  /**
   * The names of the client's fields that look like a credential, reach the origin and are not keyed.
   * Looks through all of the client's fields when it is first asked for.
   */
  get credentials(): readonly string[] {
    return (this.#credentials ??= this.#credentialsSent());
  }

  #credentialsSent(): readonly string[] {
    const { credentials, keyHeaders } = this.#given.route;
    let found: string[] | undefined;
    for (const name of this.#request.client.keys()) {
      if (credentials.entryFor(name) === undefined || keyHeaders.includes(name)) continue;
      if (this.#sent(name) !== null) (found ??= []).push(name);
    }
    return found ?? none;
  }

  /** The same request without its credentials. @param kept names of those that stay */
  withoutCredentials(kept: readonly string[]): KeyedFields {
    const dropped = this.credentials.filter((name) => !kept.includes(name));
    if (dropped.length === 0) return this;
    const client = new Headers(this.#request.client);
    for (const name of dropped) client.delete(name);
    return this.withClient(client);
  }

  /** The same request as if it had come with these fields. */
  withClient(client: Headers): KeyedFields {
    const isStated = this.#request.address !== undefined;
    const request = {
      ...this.#request,
      client,
      ...(isStated && { address: client.get("cf-connecting-ip") }),
      occasionedBy: this.clientAddress,
    };
    return new KeyedFields(request, this.#given, this.#selecting);
  }

  /** The same fields with other cookies. */
  withCookies(cookies: string): KeyedFields {
    return new KeyedFields(this.#request, { ...this.#given, cookies }, this.#selecting);
  }

  /** The same fields, of which the origin gets those that are named, too. */
  withSelecting(names: readonly string[]): KeyedFields {
    return new KeyedFields(this.#request, this.#given, [...this.#selecting, ...names]);
  }

  /**
   * By what the answer is selected if it varies by this field. What the route does not forward
   * counts, too: the origin is asked with it before anything is stored that varies by it.
   */
  get(name: string): string | null {
    const lower = name.toLowerCase();
    const { client } = this.#request;
    if (lower === "accept-encoding") return reducedAcceptEncoding(client.get("accept-encoding"));
    if (lower === "cookie") return this.#given.cookies === "" ? null : this.#given.cookies;
    const introducedIn = introducedFields.get(lower);
    if (introducedIn !== undefined) return introducedIn(this.#request);
    if (isUnbacked(lower, this.#request)) {
      return lower === "cf-connecting-ip" ? addressOf(this.#request) : null;
    }
    return this.#isDropped(lower) ? null : client.get(lower);
  }

  /** By the same rules as `get`. */
  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /** What the origin sees. */
  get sent(): Fields {
    return { get: (name) => this.#sent(name), has: (name) => this.#sent(name) !== null };
  }

  #sent(name: string): string | null {
    const lower = name.toLowerCase();
    if (isUnbacked(lower, this.#request)) return null;
    if (this.reaches(lower)) return this.get(lower);
    const { keyedCookies } = this.#given;
    return lower === "cookie" && keyedCookies !== "" ? keyedCookies : null;
  }

  /**
   * Those of some fields that the client has sent, and that the origin does not see whole. `*` is no
   * field, though a client may send one of that name.
   */
  unsent(names: readonly string[]): string[] {
    return names.filter((name) => name !== "*" && this.get(name) !== this.#sent(name));
  }

  /** @param name in lower case */
  reaches(name: string): boolean {
    const { forward, keyHeaders } = this.#given.route;
    if (forward === undefined || alwaysSent.has(name)) return true;
    return [forward, keyHeaders, this.#selecting].some((names) => names.includes(name));
  }

  #isDropped(name: string): boolean {
    const { keyHeaders, honourRequestDirectives } = this.#given.route;
    if (keyHeaders.includes(name)) return false;
    this.#connection ??= connectionFields(this.#request.client);
    return (
      isWithheld(name) ||
      this.#connection.has(name) ||
      (requestCaching.has(name) && !honourRequestDirectives)
    );
  }

  /** @param extra fields of our own, such as the validators of a stored response */
  toHeaders(extra: readonly FieldLine[]): Headers {
    const headers = new Headers();
    for (const [name] of this.#request.client) {
      const value = this.#sent(name);
      if (value !== null) headers.set(name, value);
    }
    headers.set("accept-encoding", this.get("accept-encoding") ?? "identity");
    introduce(headers, this.#request);
    for (const [name, value] of extra) headers.set(name, value);
    return headers;
  }
}

/** Returns a client's own fields, or those but the body's: an origin may wait for the bytes of a length. */
export function ownFields(client: Headers, isBodiless: boolean): Headers {
  const headers = new Headers(client);
  if (isBodiless) for (const name of bodyFields) headers.delete(name);
  return headers;
}

/** Returns the fields of a request that is passed by, without what is forged or of its connection. */
export function passedFields(request: ForwardedRequest, isBodiless = false): Headers {
  const headers = ownFields(request.client, isBodiless);
  const dropped = connectionFields(request.client);
  for (const [name] of request.client) {
    // What Connection nominates need not be a name: only what is there is deleted.
    const isOurs = isForged(name) || isUnbacked(name, request) || neverForwarded.has(name);
    if (isOurs || dropped.has(name)) headers.delete(name);
  }
  introduce(headers, request);
  return headers;
}

/**
 * Fields that are ours to set: RFC 9110 §7.6.3 asks for Via, and nobody else is believed on the
 * X-Forwarded ones, nor on Surrogate-Capability: a client that claims to process ESI would get its
 * source stored for everybody. `null` for one that is left out.
 */
const introducedFields = new Map<string, (request: ForwardedRequest) => string | null>([
  ["x-forwarded-proto", ({ target }) => target.scheme],
  ["x-forwarded-host", ({ target }) => target.host],
  ["x-forwarded-for", addressOf],
  // Whoever sends it adds our own name, which no two answers differ by.
  ["via", ({ client }) => client.get("via")],
  ["surrogate-capability", () => surrogateCapability],
]);

/** By whatever client: `Accept-Encoding` in one of two forms. */
const alwaysSent: ReadonlySet<string> = new Set(["accept-encoding", ...introducedFields.keys()]);

function introduce(headers: Headers, request: ForwardedRequest): void {
  for (const [name, introducedIn] of introducedFields) {
    const value = introducedIn(request);
    if (value !== null) headers.set(name, value);
  }
  // Left to itself the runtime adds no-cache, and then many origins never answer 304.
  if (!headers.has("cache-control")) headers.set("cache-control", "max-age=0");
}
