// Joins the calls of one turn and invocation for one tier into one, such as reads of several keys.
import { type Invocation, invocationHere } from "../../remote/invocation.ts";

type OpenCall<Item, Result> = {
  readonly items: Item[];
  readonly results: Promise<readonly Result[]>;
};

export class JoinedCalls<Tier extends object, Item, Result> {
  readonly #send: (tier: Tier, items: readonly Item[]) => Promise<readonly Result[]>;
  /** The calls that the present turn may extend. */
  readonly #open = new WeakMap<Invocation, Map<Tier, OpenCall<Item, Result>>>();

  /** @param send makes a call. Returns the results in the order of the items, and never rejects */
  constructor(send: (tier: Tier, items: readonly Item[]) => Promise<readonly Result[]>) {
    this.#send = send;
  }

  /** Adds items to the call of this turn, unless it has `countMax`, and returns their results. */
  join(tier: Tier, added: readonly Item[], countMax: number): Promise<readonly Result[]> {
    const invocation = invocationHere();
    const open = this.#open.get(invocation) ?? new Map<Tier, OpenCall<Item, Result>>();
    this.#open.set(invocation, open);
    let call = open.get(tier);
    if (call === undefined || call.items.length >= countMax) {
      const items: Item[] = [];
      // The callbacks of this turn run first.
      const results = Promise.resolve().then(() => {
        if (open.get(tier)?.items === items) open.delete(tier);
        return this.#send(tier, items);
      });
      call = { items, results };
      open.set(tier, call);
    }
    const at = call.items.length;
    for (const item of added) call.items.push(item);
    return call.results.then((results) => results.slice(at, at + added.length));
  }
}
