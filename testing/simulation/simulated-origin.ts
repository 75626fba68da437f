// The origin of a simulated site. Each page has one version at a time. Requests and responses take
// time. A 304 is correct at the time when it is generated, unless the origin lies.
import type { OriginRequest } from "../../src/pages/site/site.ts";
import type { OriginTrace } from "./traces/site-trace.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";

export interface Version {
  readonly page: string;
  readonly number: number;
  /** The time at which the next version replaced this one. */
  diedAtMs: number;
}

export class SimulatedOrigin {
  isDown = false;
  /** Whether all versions have the same ETag. */
  readonly isLying: boolean;
  readonly #world: SimulatedWorld;
  readonly #versions: Version[] = [];
  /** The maximum delay of a response. It may exceed N. */
  readonly #backMs: number;

  constructor(world: SimulatedWorld, backMs: number, isLying = false) {
    this.#world = world;
    this.isLying = isLying;
    this.#backMs = backMs;
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

  /** @param trace records the request for the specification */
  async fetch({ target, method, headers }: OriginRequest, trace?: OriginTrace): Promise<Response> {
    const world = this.#world;
    await world.sleep(world.between(0, 1_500));
    if (this.isDown) throw new Error("The origin is down.");
    const [, page = ""] = target.path.split("/");
    const { number } = this.current(page);
    const etag = this.isLying ? '"0"' : `"${number}"`;
    const isUnchanged = headers.get("if-none-match") === etag;
    const named = trace?.generated(number, { isUnchanged, isRenewed: !this.isLying });
    const fields = { etag, "cache-tag": page, ...named };
    await world.sleep(world.between(0, this.#backMs));
    if (isUnchanged) return new Response(null, { status: 304, headers: fields });
    return new Response(method === "HEAD" ? null : String(number), { headers: fields });
  }
}
