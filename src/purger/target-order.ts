// The order of purges that are due: several at a time, those that name the same target one by one.
import type { OutboxEntry, PurgeMessage, PurgeOrder } from "./message.ts";

const underWayMax = 8;

/**
 * An entry that waits for its targets takes no slot. Of two that name the same target the later one
 * begins when the earlier one has been tried, accepted or not: a purge covers all that was stored
 * before its acceptance, so neither needs the other, and what reads the journal sees them in order.
 */
export class TargetOrder {
  /** Oldest first. */
  #waiting = new Map<
    string,
    { readonly entry: OutboxEntry; readonly targets: readonly string[] }
  >();
  readonly #underWay = new Map<string, readonly string[]>();

  /** In place of all that waited; an entry that is under way does not wait. */
  replaceWaiting(oldestFirst: readonly OutboxEntry[]): void {
    const waiting = oldestFirst.filter(({ id }) => !this.#underWay.has(id));
    this.#waiting = new Map(
      waiting.map((entry) => [entry.id, { entry, targets: targetsOf(entry) }]),
    );
  }

  /** @returns the oldest that may begin, which is under way from now on; `undefined` if none may */
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

  /** Of all that wait or are under way. */
  get ids(): Set<string> {
    return new Set([...this.#underWay.keys(), ...this.#waiting.keys()]);
  }
}

/** None of a body that is no order: whoever made it, Tidemark will say so. */
function targetsOf({ body }: PurgeMessage): string[] {
  try {
    const { tags, urls, prefixes, hosts, routes } = JSON.parse(body) as PurgeOrder;
    const byKind = Object.entries({ tags, urls, prefixes, hosts, routes });
    return byKind.flatMap(([kind, names = []]) => names.map((name) => `${kind} ${name}`));
  } catch {
    return [];
  }
}
