// The request fields that the origin receives. `Vary` selects by these fields, so the forwarded values
// are the key of a variant. `withheld-fields.ts` names those that are left out.
import { memoized } from "../../config/normal-forms.ts";
import { connectionFields } from "../../rules/storable.ts";
import type { Route } from "../../config/config.ts";
import type { PhaseLines } from "../../part/port/phases.ts";
import { type FieldLine, type Fields, hasLostOctets } from "../../rules/fields.ts";
import { surrogateCapability } from "../../rules/cache-control.ts";
import { positionName } from "../../protocol/purge-order.ts";
import { withoutPosition } from "../../routing/cookies.ts";
import { type ClientFields, copyOfFields } from "../../routing/client-fields.ts";
import { edit } from "../../routing/field-edits.ts";
import type { Target } from "../../routing/target.ts";
import { hasDecidingWord, isForged, isOfContent, isWithheld } from "./withheld-fields.ts";

const requestCaching: ReadonlySet<string> = new Set(["cache-control", "pragma"]);

export interface ForwardedRequest<Client extends ClientFields = ClientFields> {
  readonly client: Client;
  readonly target: Target;
  /** The client's address, `null` if unknown; `undefined` if Cloudflare has written it into `client`. */
  readonly address?: string | null | undefined;
  /** The address of the client that caused the request, if `client` has other fields than that client's. */
  readonly occasionedBy?: string | null;
  /** The route's option. With it, the cache processes the body, so the body must have no coding. */
  readonly traits?: Route["traits"] | undefined;
}

/** The fields that have the client's address in a forwarded request. */
export const addressNames: readonly string[] = ["cf-connecting-ip", "x-forwarded-for", "x-real-ip"];

/** Returns the client's address; `null` if unknown. */
export function addressOf(of: Pick<ForwardedRequest, "address" | "client">): string | null {
  return of.address === undefined ? of.client.get("cf-connecting-ip") : of.address;
}

/** Returns whether a field has a name that only Cloudflare sets, in a request that bypassed Cloudflare. */
function isUnbacked(name: string, { address }: ForwardedRequest): boolean {
  return address !== undefined && name.startsWith("cf-");
}

/** The cookies and route settings that decide which fields are forwarded and keyed. */
interface KeyFields {
  /** The forwarded cookies, as one field value; empty for none. */
  readonly cookies: string;
  /** The cookies that are part of the key. */
  readonly keyedCookies: string;
  /** The fields of a gate; `undefined` for none. */
  readonly constants?: PhaseLines | undefined;
  /** Every field in `keyHeaders` reaches the origin. */
  readonly route: Pick<
    Route,
    | "keyHeaders"
    | "normalForms"
    | "forward"
    | "honourRequestDirectives"
    | "credentials"
    | "requestEdits"
  >;
}

const none: readonly never[] = [];

/** The fields of a request that a stored response may answer. */
export class KeyedFields implements Fields {
  readonly #request: ForwardedRequest;
  readonly #given: KeyFields;
  /** Fields by which responses are known to vary. The origin receives these fields as well. */
  readonly #selecting: readonly string[];
  #connection: ReadonlySet<string> | undefined;
  #credentials: readonly string[] | undefined;

  constructor(request: ForwardedRequest, given: KeyFields, selecting: readonly string[] = []) {
    this.#request = request;
    this.#given = given;
    this.#selecting = selecting;
  }

  /** The client's address, even if no forwarded field has it, because the platform may send it. */
  get clientAddress(): string | null {
    const { occasionedBy } = this.#request;
    return occasionedBy === undefined ? addressOf(this.#request) : occasionedBy;
  }

  /**
   * The names of unkeyed fields that look like a credential and reach the origin; computed on first use.
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

  /** Returns the request without its credentials, except those named in `kept`. */
  withoutCredentials(kept: readonly string[]): KeyedFields {
    const dropped = this.credentials.filter((name) => !kept.includes(name));
    if (dropped.length === 0) return this;
    const client = copyOfFields(this.#request.client);
    for (const name of dropped) client.delete(name);
    return this.withClient(client);
  }

  /** Returns the request with other client fields. */
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

  /** Returns the request with other cookies. */
  withCookies(cookies: string): KeyedFields {
    return new KeyedFields(this.#request, { ...this.#given, cookies }, this.#selecting);
  }

  /** Returns the request with more fields forwarded. */
  withSelecting(names: readonly string[]): KeyedFields {
    return new KeyedFields(this.#request, this.#given, [...this.#selecting, ...names]);
  }

  /**
   * Returns the value that selects a variant by this field, even if the route does not forward the field.
   * Such a variant is stored only after the field was forwarded.
   */
  get(name: string): string | null {
    const lower = name.toLowerCase();
    const { client, traits } = this.#request;
    const form = this.#given.route.normalForms?.get(lower);
    if (form !== undefined) return form(client);
    if (lower === "accept-encoding") {
      const isChanged = traits?.assembles || traits?.filters || traits?.replacesNonces;
      return reducedAcceptEncoding(isChanged ? null : client.get("accept-encoding"));
    }
    if (lower === "cookie") return this.#given.cookies === "" ? null : this.#given.cookies;
    const introducedIn = introducedFields.get(lower);
    if (introducedIn !== undefined) return introducedIn(this.#request);
    if (isUnbacked(lower, this.#request)) {
      return lower === "cf-connecting-ip" ? addressOf(this.#request) : null;
    }
    return this.#isDropped(lower) ? null : client.get(lower);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /** The fields that the origin receives. */
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
   * Returns the named fields that the origin does not receive, or receives only in part. The result
   * never contains `*`, even if a client sends such a field.
   */
  unsent(names: readonly string[]): string[] {
    return names.filter((name) => name !== "*" && this.get(name) !== this.#sent(name));
  }

  /** Whether some of the client's fields reach the origin only if its responses vary by them. */
  get isPartial(): boolean {
    if (this.#given.route.forward !== undefined) return true;
    return [...this.#request.client.keys()].some((name) => !this.reaches(name));
  }

  /** @param name in lower case */
  reaches(name: string): boolean {
    const { forward, keyHeaders, normalForms, credentials } = this.#given.route;
    if (forward === undefined && !hasDecidingWord(name)) return true;
    if (alwaysSent.has(name)) return true;
    // The key decides the form, so no second request with the field is necessary.
    if (normalForms?.has(name) === true) return true;
    // The response to a request with a credential is not for all clients.
    if (forward === undefined && credentials.entryFor(name) !== undefined) return true;
    return [forward ?? none, keyHeaders, this.#selecting].some((names) => names.includes(name));
  }

  #isDropped(name: string): boolean {
    const { keyHeaders, honourRequestDirectives, requestEdits } = this.#given.route;
    if (name === positionName || requestEdits?.removed.has(name) === true) return true;
    if (keyHeaders.includes(name)) return false;
    this.#connection ??= connectionFields(this.#request.client);
    return (
      isWithheld(name) ||
      this.#connection.has(name) ||
      (requestCaching.has(name) && !honourRequestDirectives)
    );
  }

  /** @param extra fields that Tidemark adds, such as the validators of a stored response */
  toHeaders(extra: readonly FieldLine[]): Headers {
    const headers = copyOfFields(this.#request.client);
    for (const [name, own] of this.#request.client) {
      const value = this.#sent(name);
      if (value === null) headers.delete(name);
      // The copy still has lost octets.
      else if (value !== own || !hasLostOctets(value)) headers.set(name, value);
    }
    for (const name of this.#given.route.normalForms?.keys() ?? none) {
      const value = this.get(name);
      if (value !== null) headers.set(name, value);
    }
    headers.set("accept-encoding", this.get("accept-encoding") ?? "identity");
    introduce(headers, this.#request);
    edit(headers, this.#given.route.requestEdits);
    for (const [name, value] of this.#given.constants ?? none) headers.set(name, value ?? "");
    for (const [name, value] of extra) headers.set(name, value);
    return headers;
  }
}

/** Returns a client's fields without a position, and without body fields if the request has no body. */
export function ownFields(client: Headers, isBodiless: boolean): Headers {
  const headers = new Headers(client);
  if (isBodiless) for (const name of client.keys()) if (isOfContent(name)) headers.delete(name);
  headers.delete(positionName);
  const cookies = headers.get("cookie") ?? "";
  const others = withoutPosition(cookies);
  if (others === "") headers.delete("cookie");
  else if (others !== cookies) headers.set("cookie", others);
  return headers;
}

/** Returns the fields of a request that bypasses the cache, without forged and hop-by-hop fields. */
export function passedFields(request: ForwardedRequest<Headers>, isBodiless = false): Headers {
  const headers = ownFields(request.client, isBodiless);
  const dropped = connectionFields(request.client);
  for (const [name] of request.client) {
    // Members of Connection may be invalid names, which `delete` rejects, so only existing fields are
    // deleted.
    if (isForged(name) || isUnbacked(name, request) || dropped.has(name)) headers.delete(name);
  }
  introduce(headers, request);
  return headers;
}

/**
 * Fields that this cache sets and a client cannot; `null` omits a field. RFC 9110 §7.6.3 requires Via. A
 * forged Surrogate-Capability would make the cache store the source of pages. In a subrequest of a Worker within its
 * zone, Cloudflare turns X-Real-IP into CF-Connecting-IP.
 */
const introducedFields = new Map<string, (request: ForwardedRequest) => string | null>([
  ["x-forwarded-proto", ({ target }) => target.scheme],
  ["x-forwarded-host", ({ target }) => target.place?.host ?? target.host],
  ["x-forwarded-for", addressOf],
  ["x-real-ip", addressOf],
  // The forward appends this cache's pseudonym later, because no response varies by it.
  ["via", ({ client }) => client.get("via")],
  ["surrogate-capability", ({ traits }) => traits?.surrogateCapability ?? surrogateCapability],
]);

/** Fields that requests to an origin may have even if the route does not forward them. */
const alwaysSent: ReadonlySet<string> = new Set(["accept-encoding", ...introducedFields.keys()]);

function introduce(headers: Headers, request: ForwardedRequest): void {
  for (const [name, introducedIn] of introducedFields) {
    const value = introducedIn(request);
    if (value !== null) headers.set(name, value);
  }
  // Without this field, the runtime adds no-cache, and many origins then never answer 304.
  if (!headers.has("cache-control")) headers.set("cache-control", "max-age=0");
}

/** Returns `br, gzip`, `br`, `gzip`, or `identity` for everything else. */
export const reducedAcceptEncoding = memoized((field) => {
  const acceptance = new Map<string, boolean>();
  for (const member of field.toLowerCase().split(",")) {
    const [coding = "", ...weights] = member.split(";").map((part) => part.trim());
    const refused = weights.some((weight) => /^q\s*=\s*0(?:\.0*)?$/.test(weight));
    acceptance.set(coding === "x-gzip" ? "gzip" : coding, !refused);
  }
  const accepted = ["br", "gzip"].filter(
    (coding) => acceptance.get(coding) ?? acceptance.get("*") ?? false,
  );
  return accepted.length === 0 ? "identity" : accepted.join(", ");
});
