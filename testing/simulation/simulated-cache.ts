// The Cache API of one simulated colo. Puts and deletes take time and may overtake each other. A
// read may return an older object than the last one that was put.
import type { SimulatedWorld } from "./journal-simulator.ts";

interface Kept {
  readonly body: ArrayBuffer;
  readonly headers: Headers;
  readonly untilAtMs: number;
}

export class SimulatedCache implements Pick<Cache, "match" | "put" | "delete"> {
  readonly #world: SimulatedWorld;
  readonly #kept = new Map<string, Kept>();

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  async match(request: RequestInfo | URL): Promise<Response | undefined> {
    await this.#world.sleep(this.#world.between(0, 50));
    const kept = this.#kept.get(addressOf(request));
    if (kept === undefined || this.#world.atMs >= kept.untilAtMs) return undefined;
    return new Response(kept.body.byteLength === 0 ? null : kept.body, { headers: kept.headers });
  }

  async put(request: RequestInfo | URL, { headers, body: source }: Response): Promise<void> {
    const body = await new Response(source).arrayBuffer();
    const [, maxAge = "0"] = /max-age=(\d+)/.exec(headers.get("cache-control") ?? "") ?? [];
    await this.#world.sleep(this.#world.between(0, this.#world.any([20, 20, 4_000])));
    const untilAtMs = this.#world.atMs + Number(maxAge) * 1_000;
    this.#kept.set(addressOf(request), { body, headers: new Headers(headers), untilAtMs });
  }

  async delete(request: RequestInfo | URL): Promise<boolean> {
    await this.#world.sleep(this.#world.between(0, 50));
    return this.#kept.delete(addressOf(request));
  }
}

function addressOf(request: RequestInfo | URL): string {
  return request instanceof Request ? request.url : request.toString();
}
