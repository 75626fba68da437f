// The fake of Upstash at a distance: each round trip takes 20 ms of the test's clock.
import type { FakeClock } from "./fake-clock.ts";
import { FakeUpstash } from "./fake-upstash.ts";

export class FarUpstash extends FakeUpstash {
  readonly #distantClock: FakeClock;

  constructor(clock: FakeClock) {
    super(clock);
    this.#distantClock = clock;
  }

  override async answer(path: string, body: unknown): Promise<Response> {
    this.#distantClock.advance(0.02);
    return super.answer(path, body);
  }
}
