// The Cache API of one simulated colo. Puts and deletes take time and may overtake each other. A
// read may return an older object than the last one that was put.
import { FakeCache } from "../fakes/fake-cache.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";

export class SimulatedCache extends FakeCache {
  readonly #world: SimulatedWorld;
  override knowsRanges = false;
  override beforePut = () => this.#delay(this.#world.any([20, 20, 4_000]));

  constructor(world: SimulatedWorld) {
    super(world);
    this.#world = world;
  }

  #delay(msMax: number): Promise<void> {
    return this.#world.sleep(this.#world.between(0, msMax));
  }

  override async match(request: RequestInfo | URL): Promise<Response | undefined> {
    await this.#delay(50);
    return super.match(request);
  }

  override async delete(request: RequestInfo | URL): Promise<boolean> {
    await this.#delay(50);
    return super.delete(request);
  }
}
