// The origin of a simulated site. Each page has one version at a time. Requests and responses take
// time. A 304 is correct at the time when it is generated, unless the origin lies. A cache before the
// origin may answer with a version that has been replaced.
import type { OriginRequest } from "../../src/platform/fetch-origin.ts";
import type { OriginTrace } from "./traces/site-trace.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";

export interface Version {
  readonly page: string;
  readonly number: number;
  /** The time at which the next version replaced this one. */
  diedAtMs: number;
}

/** A page in the cache. */
interface Kept {
  readonly number: number;
  readonly requestedAtMs: number;
}

export class SimulatedOrigin {
  isDown = false;
  /** Whether all versions have the same ETag. */
  readonly isLying: boolean;
  /** Whether responses have the tag of their page. */
  readonly #isTagging: boolean;
  readonly #world: SimulatedWorld;
  readonly #versions: Version[] = [];
  /** The maximum delay of a response. It may exceed N. */
  readonly #backMs: number;
  /** The responses of the cache before the origin, by page; `undefined` without such a cache. */
  readonly #kept: Map<string, Kept> | undefined;
  readonly #keptMs: number;

  constructor(
    world: SimulatedWorld,
    backMs: number,
    {
      isLying = false,
      isCached = false,
      isTagging = true,
    }: { isLying?: boolean; isCached?: boolean; isTagging?: boolean } = {},
  ) {
    this.#isTagging = isTagging;
    this.#world = world;
    this.isLying = isLying;
    this.#backMs = backMs;
    this.#kept = isCached ? new Map() : undefined;
    this.#keptMs = isCached ? world.any([4_000, 20_000, 60_000]) : 0;
  }

  current(page: string): Version {
    const current = this.#versions.findLast((version) => version.page === page);
    return current ?? this.#begin(page);
  }

  change(page: string): void {
    this.current(page).diedAtMs = this.#world.atMs;
    const { number } = this.#begin(page);
    this.#world.tell(() => `the origin has version ${number} of ${page}`);
  }

  /** @param number the number in the ETag or the body of a response */
  version(number: number): Version | undefined {
    return this.#versions[number - 1];
  }

  #begin(page: string): Version {
    const version = { page, number: this.#versions.length + 1, diedAtMs: Infinity };
    this.#versions.push(version);
    return version;
  }

  /** @param trace records the request */
  async fetch({ target, method, headers }: OriginRequest, trace?: OriginTrace): Promise<Response> {
    const world = this.#world;
    await world.sleep(world.between(0, 1_500));
    if (this.isDown) throw new Error("The origin is down.");
    const [, page = ""] = target.path.split("/");
    const kept = this.#kept && (await this.#inCache(page, this.#kept));
    const { number, ageSeconds } = kept ?? { ...this.current(page), ageSeconds: undefined };
    const etag = this.isLying ? '"0"' : `"${number}"`;
    const isUnchanged = headers.get("if-none-match") === etag;
    const how = { isUnchanged, isRenewed: !this.isLying, ageSeconds };
    const named = trace?.generated(number, how);
    const age = ageSeconds === undefined ? {} : { age: String(ageSeconds) };
    const tagged = this.#isTagging ? { "cache-tag": page } : {};
    const fields = { etag, ...tagged, ...age, ...named };
    await world.sleep(world.between(0, this.#backMs));
    if (isUnchanged) return new Response(null, { status: 304, headers: fields });
    return new Response(method === "HEAD" ? null : String(number), { headers: fields });
  }

  /**
   * Returns the version that the cache has, or else the present one, and the `Age` of RFC 9111 §4.2.3.
   * Some caches send no `Age` with a response that they have just got.
   */
  async #inCache(page: string, all: Map<string, Kept>) {
    const world = this.#world;
    const kept = all.get(page);
    const isFresh = kept !== undefined && world.atMs - kept.requestedAtMs < this.#keptMs;
    const { number, requestedAtMs } = isFresh ? kept : await this.#fetched(page, all);
    const ageSeconds = Math.floor((world.atMs - requestedAtMs) / 1_000);
    return { number, ageSeconds: isFresh || world.draw() < 0.5 ? ageSeconds : undefined };
  }

  async #fetched(page: string, all: Map<string, Kept>): Promise<Kept> {
    const requestedAtMs = this.#world.atMs;
    await this.#world.sleep(this.#world.between(0, 1_500));
    const kept = { number: this.current(page).number, requestedAtMs };
    all.set(page, kept);
    return kept;
  }
}
