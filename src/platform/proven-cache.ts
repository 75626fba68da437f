// The Cache API of the colo, which accepts each `put`, even where it stores nothing: on workers.dev, in a preview,
// behind Cloudflare Access, and by a Cache Rule.
import { type ColoCache, overridingRules } from "../base/colo-cache.ts";
import { cancelBody } from "../base/cancel-body.ts";
import { isWithinMs } from "../base/elapsed.ts";

/** The number of puts in a row that are not found, after which the cache counts as storing nothing. */
const unfoundMax = 3;
/** The pause before one more put is tried. */
const retryMs = 600_000;

interface ProvenCacheSettings {
  readonly cache: () => ColoCache;
  readonly nowAtMs: () => number;
  /** Called once, when the first puts were not found. */
  readonly onNothingStored: () => void;
}

/**
 * Looks for what the first puts have stored. While nothing is found, puts nothing and finds nothing, and tries one
 * put every ten minutes.
 */
export class ProvenCache implements ColoCache {
  readonly #settings: ProvenCacheSettings;
  #unfoundCount = 0;
  #isProven = false;
  #hasTold = false;
  /** When the last put was not found; `undefined` while puts are found. */
  #unfoundAtMs: number | undefined;

  constructor(settings: ProvenCacheSettings) {
    this.#settings = settings;
  }

  /** Since when nothing is stored, in epoch milliseconds; `undefined` if the Cache API works. */
  get nothingSinceAtMs(): number | undefined {
    return this.#unfoundCount < unfoundMax ? undefined : this.#unfoundAtMs;
  }

  get isIdle(): boolean {
    const sinceAtMs = this.nothingSinceAtMs;
    return sinceAtMs !== undefined && isWithinMs(retryMs, sinceAtMs, this.#settings.nowAtMs());
  }

  match(request: string | Request): Promise<Response | undefined> {
    if (this.isIdle) return Promise.resolve(undefined);
    return this.#settings.cache().match(requestOf(request));
  }

  async put(address: string | Request, response: Response): Promise<void> {
    if (this.isIdle) return response.body?.cancel();
    const { cache } = this.#settings;
    const request = requestOf(address);
    await cache().put(request, response);
    if (this.#isProven) return;
    const found = await cache().match(request);
    if (found !== undefined) cancelBody(found);
    this.#learn(found !== undefined);
  }

  delete(address: string): Promise<boolean> {
    return this.#settings.cache().delete(address);
  }

  #learn(isFound: boolean): void {
    this.#isProven = isFound;
    this.#unfoundCount = isFound ? 0 : this.#unfoundCount + 1;
    this.#unfoundAtMs = isFound ? undefined : this.#settings.nowAtMs();
    if (this.nothingSinceAtMs === undefined || this.#hasTold) return;
    this.#hasTold = true;
    this.#settings.onNothingStored();
  }
}

function requestOf(request: string | Request): Request {
  return typeof request === "string" ? new Request(request, overridingRules) : request;
}
