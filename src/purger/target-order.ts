// Orders due purges: several at a time, but one by one per target.
import type { OutboxEntry, PurgeMessage, PurgeOrder } from "./message.ts";

const underWayMax = 8;

/**
 * Starts messages. One that waits for its targets takes no slot. Messages with a common target run in
 * order, so that readers of the journal see them in order. Each runs even if the one before failed, because
 * neither depends on the other.
 */
export class TargetOrder {
  /** Oldest first. */
  #waiting = new Map<
    string,
    { readonly entry: OutboxEntry; readonly targets: readonly string[] }
  >();
  readonly #underWay = new Map<string, readonly string[]>();

  /** Replaces the waiting messages. Running ones do not wait. */
  replaceWaiting(oldestFirst: readonly OutboxEntry[]): void {
    const waiting = oldestFirst.filter(({ id }) => !this.#underWay.has(id));
    this.#waiting = new Map(
      waiting.map((entry) => [entry.id, { entry, targets: targetsOf(entry) }]),
    );
  }

  /** Starts the oldest message that may run and returns it; `undefined` if none may. */
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

  /** Ids of all waiting and running messages. */
  get ids(): Set<string> {
    return new Set([...this.#underWay.keys(), ...this.#waiting.keys()]);
  }
}

/** Returns none for a body that is no order; Tidemark will refuse it. */
function targetsOf({ body }: PurgeMessage): string[] {
  try {
    const { tags, urls, prefixes, hosts, routes } = JSON.parse(body) as PurgeOrder;
    const byKind = Object.entries({ tags, urls, prefixes, hosts, routes });
    return byKind.flatMap(([kind, names = []]) => names.map((name) => `${kind} ${name}`));
  } catch {
    return [];
  }
}
