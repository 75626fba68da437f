// The fields of a client's request, without a credential that a gate has checked.
import type { Gate } from "../part/port/phases.ts";
import type { Fields } from "../rules/fields.ts";
import { nameOfCookie, pairsIn } from "./cookies.ts";

/** The fields of a client's request. */
export type ClientFields = Headers | NamedFields;

/** The head of a request. */
export interface RequestHead<Client extends ClientFields = ClientFields>
  extends Pick<Request, "method">, Partial<Pick<Request, "cf">> {
  readonly headers: Client;
}

/**
 * The head of a client's request, without the credential that a gate has checked. It neither selects a response nor
 * reaches the origin.
 */
export class ClientHead implements RequestHead<NamedFields> {
  readonly headers: NamedFields;
  readonly #request: RequestHead<Headers>;

  constructor(request: RequestHead<Headers>, gate: Gate | undefined) {
    this.headers = new NamedFields(request.headers, gate);
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  /** Most requests are hits in memory, for which the runtime need not parse it. */
  get cf(): Request["cf"] {
    return this.#request.cf;
  }
}

/** The largest number of names of which a list is faster than a set. */
const listedMax = 64;

/**
 * A client's fields, without the credential that a gate has checked. Knows the names, because a hit asks for some 15
 * fields that most clients do not send. Workers take 0.15 µs for each call of `Headers`. Hits need no copy.
 */
export class NamedFields implements Fields {
  readonly #client: Headers;
  readonly #gate: Gate | undefined;
  readonly #names: readonly string[];
  /** The names, if they are too many to search a list for each. */
  readonly #manyNames: ReadonlySet<string> | undefined;

  constructor(client: Headers, gate?: Gate) {
    this.#client = client;
    this.#gate = gate;
    const names = [...client.keys()];
    this.#names = gate === undefined ? names : names.filter((name) => this.#valueOf(name) !== null);
    this.#manyNames = names.length > listedMax ? new Set(this.#names) : undefined;
  }

  get(name: string): string | null {
    return this.has(name) ? this.#valueOf(name.toLowerCase()) : null;
  }

  has(name: string): boolean {
    const lower = name.toLowerCase();
    return this.#manyNames?.has(lower) ?? this.#names.includes(lower);
  }

  keys(): readonly string[] {
    return this.#names;
  }

  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    for (const name of this.#names) yield [name, this.#valueOf(name) ?? ""];
  }

  /** Returns a copy that the caller may change. */
  copy(): Headers {
    const fields = new Headers(this.#client);
    if (this.#gate === undefined) return fields;
    for (const [name, own] of this.#client) {
      const value = this.get(name);
      if (value === null) fields.delete(name);
      else if (value !== own) fields.set(name, value);
    }
    return fields;
  }

  /** @param name in lower case */
  #valueOf(name: string): string | null {
    const gate = this.#gate;
    if (gate?.headers.includes(name) === true) return null;
    const value = this.#client.get(name);
    const isReduced = gate !== undefined && name === "cookie" && value !== null;
    return isReduced ? otherCookies(value, gate) : value;
  }
}

function otherCookies(field: string, gate: Gate): string | null {
  const pairs = pairsIn(field);
  const others = pairs.filter((pair) => !isIn(gate.cookies, pair));
  if (others.length === pairs.length) return field;
  return others.length === 0 ? null : others.join("; ");
}

/** Returns a copy that the caller may change. A copy of a `Headers` object keeps octets that `get` loses. */
export const copyOfFields = (client: ClientFields): Headers =>
  client instanceof NamedFields ? client.copy() : new Headers(client);

/** Returns whether a pair of a `Cookie` field is one of these cookies. */
export const isIn = (cookies: Gate["cookies"], pair: string): boolean =>
  cookies.includes(nameOfCookie(pair) ?? "");
