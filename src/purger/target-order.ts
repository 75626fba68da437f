// Decides which due purges run: several at a time, but only one at a time per target.
import type { OutboxEntry, PurgeMessage, PurgeOrder } from "./message.ts";

const underWayMax = 8;

/**
 * The running and the waiting messages. Messages with a common target run one after another, so
 * that their entries in the journal have the same order. A message runs even if an earlier message
 * failed, because purges do not depend on each other. A waiting message occupies no slot.
 */
export class TargetOrder {
  /** The waiting messages, oldest first. */
  #waiting = new Map<
    string,
    { readonly entry: OutboxEntry; readonly targets: readonly string[] }
  >();
  readonly #underWay = new Map<string, readonly string[]>();

  /** Replaces the waiting messages. Skips messages that are running. */
  replaceWaiting(oldestFirst: readonly OutboxEntry[]): void {
    const waiting = oldestFirst.filter(({ id }) => !this.#underWay.has(id));
    this.#waiting = new Map(
      waiting.map((entry) => [entry.id, { entry, targets: targetsOf(entry) }]),
    );
  }

  /** Starts and returns the oldest message that may run; `undefined` if none may run. */
  begin(): OutboxEntry | undefined {
    if (!this.hasFreeSlot) return undefined;
    const taken = new Set([...this.#underWay.values()].flat());
    for (const [id, { entry, targets }] of this.#waiting) {
      if (!targets.some((target) => taken.has(target))) {
        this.#waiting.delete(id);
        this.#underWay.set(id, targets);
        return entry;
      }
      for (const target of targets) taken.add(target);
    }
    return undefined;
  }

  ended(id: string): void {
    this.#underWay.delete(id);
  }

  get hasFreeSlot(): boolean {
    return this.#underWay.size < underWayMax;
  }

  /** The ids of all waiting and running messages. */
  get ids(): Set<string> {
    return new Set([...this.#underWay.keys(), ...this.#waiting.keys()]);
  }
}

/**
 * Returns the targets of a message. A body that is not an order has none, and Tidemark will reject
 * it.
 */
function targetsOf({ body }: PurgeMessage): string[] {
  try {
    const { tags, urls, prefixes, hosts, routes, release } = JSON.parse(body) as PurgeOrder;
    const byKind = Object.entries({ tags, urls, prefixes, hosts, routes });
    const named = byKind.flatMap(([kind, names = []]) => names.map((name) => `${kind} ${name}`));
    return release === undefined ? named : [...named, "release"];
  } catch {
    return [];
  }
}
