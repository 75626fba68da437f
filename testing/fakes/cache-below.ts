// A cache between Tidemark and an origin, such as a CDN, which sends `Age` as RFC 9111 §4 demands.
// No purge of Tidemark reaches it.
import type { FakeClock } from "./fake-clock.ts";
import { type FieldTexts, page, type Script } from "./origin-in-process.ts";

interface Kept {
  readonly text: string;
  readonly fields: FieldTexts;
  readonly requestedAtMs: number;
}

export class CacheBelow {
  /** The requests that the origin got. */
  originCount = 0;
  readonly #clock: FakeClock;
  readonly #lifetimeSeconds: number;
  readonly #origin: () => Response;
  readonly #kept = new Map<string, Kept>();

  /** @param origin returns the answer of the origin to each request */
  constructor(clock: FakeClock, lifetimeSeconds: number, origin: () => Response) {
    this.#clock = clock;
    this.#lifetimeSeconds = lifetimeSeconds;
    this.#origin = origin;
  }

  purge(): void {
    this.#kept.clear();
  }

  /** Answers HEAD and `If-None-Match`, and sends `Age` only with what it has stored. */
  readonly script: Script = async ({ url, method, headers }) => {
    const { atMs } = this.#clock;
    const known = this.#kept.get(url);
    const isFresh = known && atMs - known.requestedAtMs < this.#lifetimeSeconds * 1_000;
    const { text, fields, requestedAtMs } = isFresh ? known : await this.#fetched(url);
    const ageSeconds = Math.floor((atMs - requestedAtMs) / 1_000);
    const sent = isFresh ? { ...fields, age: String(ageSeconds), "x-cache": "HIT" } : fields;
    const etag = fields["etag"];
    if (etag !== undefined && headers.get("if-none-match") === etag) {
      return new Response(null, { status: 304, headers: sent });
    }
    return page(method === "HEAD" ? "" : text, sent);
  };

  async #fetched(url: string): Promise<Kept> {
    this.originCount += 1;
    const requestedAtMs = this.#clock.atMs;
    const response = this.#origin();
    const fields = Object.fromEntries(response.headers);
    const kept = { text: await response.text(), fields, requestedAtMs };
    this.#kept.set(url, kept);
    return kept;
  }
}
