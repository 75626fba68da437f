// A simulated world for contract tests, without losses or lags.
import { SimulatedWorld } from "./journal-simulator.ts";
import { settledTurn, SimulatedTime } from "./simulated-time.ts";

export class CalmWorld extends SimulatedWorld {
  override readonly draw = () => 0.5;

  constructor(changes: { readonly keptCount?: number } = {}) {
    const settings = {
      seed: 1,
      maxLagMs: { usual: 30_000, quick: 10_000 },
      allowanceMs: 2_000,
      clockErrorMs: 0,
      replicaLagMs: 0,
      wayMs: 20,
      lostShare: 0.02,
      keptCount: 100,
      ...changes,
    };
    super(settings, { time: new SimulatedTime(settledTurn) });
  }

  /** Returns a proxy of a part. While a caller waits for one of its methods, time advances. */
  passing<Part extends object>(part: Part): Part {
    return new Proxy(part, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => this.#waitedFor(Reflect.apply(member, target, given));
      },
    });
  }

  async #waitedFor(work: unknown): Promise<unknown> {
    const state = { isOver: false };
    const done = Promise.resolve(work).finally(() => (state.isOver = true));
    while (!state.isOver) await this.time.passTo(this.atMs + 10);
    return done;
  }
}
