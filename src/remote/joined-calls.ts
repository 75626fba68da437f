// Joins the calls of one turn for one store, on Workers also of one invocation, into one, such as reads of several keys.
import { type Invocation, sharingHere } from "./invocation.ts";

interface OpenCall<Item, Result> {
  readonly items: Item[];
  bytes: number;
  readonly results: Promise<readonly Result[]>;
}

/** The limits of a joined call. A call of one caller may exceed them. */
interface JoinLimits<Item> {
  readonly countMax: number;
  /** Default: no limit. */
  readonly bytesMax?: number;
  readonly bytesOf?: (item: Item) => number;
}

export class JoinedCalls<Store extends object, Item, Result> {
  readonly #send: (store: Store, items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #limits: Required<JoinLimits<Item>>;
  /** The calls that the present turn may extend. */
  readonly #open = new WeakMap<Invocation, Map<Store, OpenCall<Item, Result>>>();

  /** @param send makes a call. Returns a result for each item, in their order, and never rejects */
  constructor(
    send: (store: Store, items: readonly Item[]) => Promise<readonly Result[]>,
    limits: JoinLimits<Item>,
  ) {
    this.#send = send;
    this.#limits = { bytesMax: Infinity, bytesOf: () => 0, ...limits };
  }

  /** Adds items to the call of this turn, unless they exceed its limits, and returns their results. */
  join(store: Store, added: readonly Item[]): Promise<readonly Result[]> {
    const { bytesOf } = this.#limits;
    const addedBytes = added.reduce((sum, item) => sum + bytesOf(item), 0);
    const { items, results } = this.#callFor(store, addedBytes);
    const at = items.length;
    items.push(...added);
    return results.then((all) => all.slice(at, at + added.length));
  }

  /** Like `join`, for one item. */
  joinOne(store: Store, item: Item): Promise<Result> {
    const { items, results } = this.#callFor(store, this.#limits.bytesOf(item));
    const at = items.push(item) - 1;
    return results.then((all) => all[at]!);
  }

  /** Returns the call of this turn for further items, which have these bytes in total. */
  #callFor(store: Store, addedBytes: number): OpenCall<Item, Result> {
    const { countMax, bytesMax } = this.#limits;
    const invocation = sharingHere();
    let open = this.#open.get(invocation);
    if (open === undefined) this.#open.set(invocation, (open = new Map()));
    let call = open.get(store);
    if (call === undefined || call.items.length >= countMax || call.bytes + addedBytes > bytesMax) {
      const items: Item[] = [];
      // The callbacks of this turn run first.
      const ofInvocation = open;
      const results = Promise.resolve().then(() => {
        if (ofInvocation.get(store)?.items === items) ofInvocation.delete(store);
        return this.#send(store, items);
      });
      call = { items, bytes: 0, results };
      open.set(store, call);
    }
    call.bytes += addedBytes;
    return call;
  }
}
