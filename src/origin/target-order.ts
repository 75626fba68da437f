// Sends a batch of purges: several at a time, and those that name the same target one after another.
import type { PurgeMessage, PurgeOrder } from "./message.ts";

const underWayMax = 8;

/**
 * Tries each message once. Of two that name the same target the later one is tried when the earlier
 * one has been, accepted or not: a purge covers all that was stored before its acceptance, so
 * neither needs the other, and what reads the journal sees them in order.
 *
 * @throws what `attempt` throws first, once no try is under way any more; no further one begins
 */
export async function tryInTargetOrder<Entry extends PurgeMessage>(
  entries: readonly Entry[],
  attempt: (entry: Entry) => Promise<void>,
): Promise<void> {
  const lastTryByTarget = new Map<string, Promise<void>>();
  const left = entries.values();
  let hasFailed = false;
  const send = async () => {
    for (const entry of left) {
      if (hasFailed) return;
      const targets = targetsOf(entry);
      const earlier = targets.flatMap((target) => lastTryByTarget.get(target) ?? []);
      const tried = Promise.allSettled(earlier).then(() => attempt(entry));
      for (const target of targets) lastTryByTarget.set(target, tried);
      await tried.catch((cause: unknown) => {
        hasFailed = true;
        throw cause;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: underWayMax }, send));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
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
