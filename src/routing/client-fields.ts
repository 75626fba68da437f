// The fields of a client's request, without a credential that a gate has checked.
import type { Gate } from "../part/port/phases.ts";
import type { Fields } from "../rules/fields.ts";
import { nameOfCookie, pairsIn } from "./cookies.ts";

/** The fields of a client's request. */
export type ClientFields = Headers | FieldsBehindGate;

/** The head of a request. */
export interface RequestHead<Client extends ClientFields = ClientFields>
  extends Pick<Request, "method">, Partial<Pick<Request, "cf">> {
  readonly headers: Client;
}

/** A client's fields without the credential that a gate has checked. Most requests are hits, which need no copy. */
export class FieldsBehindGate implements Fields {
  readonly #client: Headers;
  readonly #gate: Gate;

  constructor(client: Headers, gate: Gate) {
    this.#client = client;
    this.#gate = gate;
  }

  get(name: string): string | null {
    const lower = name.toLowerCase();
    if (this.#gate.headers.includes(lower)) return null;
    const value = this.#client.get(lower);
    return lower === "cookie" && value !== null ? this.#otherCookies(value) : value;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  keys(): string[] {
    return [...this.#client.keys()].filter((name) => this.has(name));
  }

  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    for (const name of this.keys()) yield [name, this.get(name) ?? ""];
  }

  /** Returns a copy that the caller may change. */
  copy(): Headers {
    const fields = new Headers(this.#client);
    for (const [name, own] of this.#client) {
      const value = this.get(name);
      if (value === null) fields.delete(name);
      else if (value !== own) fields.set(name, value);
    }
    return fields;
  }

  #otherCookies(field: string): string | null {
    const pairs = pairsIn(field);
    const others = pairs.filter((pair) => !isIn(this.#gate.cookies, pair));
    if (others.length === pairs.length) return field;
    return others.length === 0 ? null : others.join("; ");
  }
}

/** Returns a copy that the caller may change. A copy of a `Headers` object keeps octets that `get` loses. */
export const copyOfFields = (client: ClientFields): Headers =>
  client instanceof FieldsBehindGate ? client.copy() : new Headers(client);

/** Returns whether a pair of a `Cookie` field is one of these cookies. */
export const isIn = (cookies: Gate["cookies"], pair: string): boolean =>
  cookies.includes(nameOfCookie(pair) ?? "");
