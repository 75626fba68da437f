// The decisions of http-cache-semantics on a generated exchange, in the same words as those of
// Tidemark.
import CachePolicy from "http-cache-semantics";
import { receivedAtMs } from "../../../testing/examples/generated-dates.ts";
import type { Exchange } from "./exchange.ts";
import { fieldsIn } from "./fields.ts";

let clockAtMs = receivedAtMs;

/** A policy with a simulated clock. The package's types do not declare the method `now`. */
class ClockedPolicy extends CachePolicy {
  now(): number {
    return clockAtMs;
  }
}

const plain = (fields: Headers): Record<string, string> => Object.fromEntries(fields);

export class Theirs {
  readonly #exchange: Exchange;
  readonly #policy: CachePolicy;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#policy = at(0, () => {
      const response = {
        status: exchange.response.status,
        headers: plain(fieldsIn.response(exchange)),
      };
      const request = {
        method: exchange.request.method,
        headers: plain(fieldsIn.request(exchange)),
      };
      const options = { shared: true, cacheHeuristic: exchange.heuristics ? 0.1 : 0 };
      return new ClockedPolicy(request, response, options);
    });
  }

  storable(): boolean {
    return this.#policy.storable();
  }

  lifetime(): number {
    return this.#policy.maxAge();
  }

  age(): number {
    return this.#later(() => this.#policy.age());
  }

  verdict(): "use" | "use-and-refresh" | "ask" {
    const { response, revalidation } = this.#later(() => this.#policy.evaluateRequest(this.#asks));
    if (response === undefined) return "ask";
    return revalidation === undefined ? "use" : "use-and-refresh";
  }

  "on-error"(): boolean {
    const failed = { status: 503, headers: {} };
    return this.#later(() => this.#policy.revalidatedPolicy(this.#asks, failed)).matches;
  }

  /** Returns whether a fresh response without other fields may answer the later request. */
  selects(): boolean {
    const { stored, asked } = fieldsIn.selecting(this.#exchange);
    const headers = { ...plain(fieldsIn.vary(this.#exchange)), "cache-control": "max-age=60" };
    const policy = at(0, () => new ClockedPolicy({ headers: plain(stored) }, { headers }));
    // The package treats `Vary: *` as a lifetime of 0. The result is the same.
    return at(0, () => policy.satisfiesWithoutRevalidation({ headers: plain(asked) }));
  }

  conditions(): (string | null)[] {
    const sent = this.#later(() => this.#policy.revalidationHeaders(this.#asks));
    return [sent["if-none-match"] ?? null, sent["if-modified-since"] ?? null] as (string | null)[];
  }

  freshens(): boolean {
    const response = { status: 304, headers: plain(fieldsIn.notModified(this.#exchange)) };
    const { matches } = this.#later(() => this.#policy.revalidatedPolicy(this.#asks, response));
    // The package declares a boolean, but may return an empty text or `undefined`.
    return Boolean(matches as unknown);
  }

  freshened(): string[] {
    const { stored, newer } = this.#exchange.update;
    const tag = { etag: '"a"' };
    const policy = new ClockedPolicy({ headers: {} }, { headers: { ...stored, ...tag } });
    const response = { status: 304, headers: { ...newer, ...tag } };
    const { resh } = policy.revalidatedPolicy({ headers: {} }, response).policy.toObject();
    const fields = Object.entries(resh).filter(([name]) => name !== "etag");
    return fields.map(([name, value]) => `${name}: ${String(value)}`).sort();
  }

  get #asks(): { method: string; headers: Record<string, string> } {
    return { method: this.#exchange.asks.method, headers: plain(fieldsIn.asks(this.#exchange)) };
  }

  #later<T>(ask: () => T): T {
    return at(this.#exchange.restedSeconds, ask);
  }
}

function at<T>(sinceReceiptSeconds: number, ask: () => T): T {
  clockAtMs = receivedAtMs + sinceReceiptSeconds * 1_000;
  return ask();
}
