// Joins the calls of one turn and invocation for one store into one, such as reads of several keys.
import { type Invocation, invocationHere } from "./invocation.ts";

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

  /** @param send makes a call. Returns the results in the order of the items, and never rejects */
  constructor(
    send: (store: Store, items: readonly Item[]) => Promise<readonly Result[]>,
    limits: JoinLimits<Item>,
  ) {
    this.#send = send;
    this.#limits = { bytesMax: Infinity, bytesOf: () => 0, ...limits };
  }

  /** Adds items to the call of this turn, unless they exceed its limits, and returns their results. */
  join(store: Store, added: readonly Item[]): Promise<readonly Result[]> {
    const { countMax, bytesMax, bytesOf } = this.#limits;
    const invocation = invocationHere();
    const open = this.#open.get(invocation) ?? new Map<Store, OpenCall<Item, Result>>();
    this.#open.set(invocation, open);
    const addedBytes = added.reduce((sum, item) => sum + bytesOf(item), 0);
    let call = open.get(store);
    if (call === undefined || call.items.length >= countMax || call.bytes + addedBytes > bytesMax) {
      const items: Item[] = [];
      // The callbacks of this turn run first.
      const results = Promise.resolve().then(() => {
        if (open.get(store)?.items === items) open.delete(store);
        return this.#send(store, items);
      });
      call = { items, bytes: 0, results };
      open.set(store, call);
    }
    const at = call.items.length;
    call.items.push(...added);
    call.bytes += addedBytes;
    return call.results.then((results) => results.slice(at, at + added.length));
  }
}
