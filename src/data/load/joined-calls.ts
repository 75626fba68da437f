// Joins the calls of one turn and invocation for one tier into one, such as reads of several keys.
import { type Invocation, invocationHere } from "../../remote/invocation.ts";

/** A call that the present turn may extend. */
interface OpenCall<Item, Result> {
  readonly items: Item[];
  readonly results: Promise<readonly Result[]>;
}

export class JoinedCalls<Tier extends object, Item, Result> {
  readonly #send: (tier: Tier, items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #open = new WeakMap<Tier, WeakMap<Invocation, OpenCall<Item, Result>>>();

  /** @param send makes a call. Returns the results in the order of the items, and never rejects */
  constructor(send: (tier: Tier, items: readonly Item[]) => Promise<readonly Result[]>) {
    this.#send = send;
  }

  /**
   * Adds an item to the call of this turn, and returns its result.
   *
   * @param countMax the items of one call
   */
  join(tier: Tier, item: Item, countMax: number): Promise<Result | undefined> {
    const ofTier = this.#open.get(tier) ?? new WeakMap<Invocation, OpenCall<Item, Result>>();
    this.#open.set(tier, ofTier);
    const invocation = invocationHere();
    let call = ofTier.get(invocation);
    if (call === undefined || call.items.length >= countMax) {
      const items: Item[] = [];
      call = { items, results: this.#sentLater(tier, items, ofTier, invocation) };
      ofTier.set(invocation, call);
    }
    const at = call.items.push(item) - 1;
    return call.results.then((results) => results[at]);
  }

  async #sentLater(
    tier: Tier,
    items: readonly Item[],
    ofTier: WeakMap<Invocation, OpenCall<Item, Result>>,
    invocation: Invocation,
  ): Promise<readonly Result[]> {
    // The callbacks of this turn run first.
    await Promise.resolve();
    if (ofTier.get(invocation)?.items === items) ofTier.delete(invocation);
    return this.#send(tier, items);
  }
}
