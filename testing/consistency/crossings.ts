// Counts the hits of each version of the Worker on responses that the other version stored.
import type { History, IsolateLife, Read } from "./checker/operations.ts";

interface Crossing {
  readonly storedBy: string;
  readonly answeredBy: string;
  /** Hits through the Cache API of the colo, which keeps its content when the version changes. */
  readonly edge: number;
  /** Hits through Redis. */
  readonly shared: number;
}

/**
 * @returns one entry for each ordered pair of different versions in the run
 */
export function crossings({ isolates, reads }: Pick<History, "isolates" | "reads">): Crossing[] {
  const lives = new Map(isolates.map((life) => [life.isolate, life]));
  const found = reads.map((read) => ({
    storedBy: lives.get(read.askedOf)?.version,
    answeredBy: versionThat(isolates, read),
    tier: /; hit; .*detail=(edge|shared)/.exec(read.cacheStatus)?.[1],
  }));
  const versions = [...new Set(isolates.map(({ version }) => version))].toSorted();
  const pairs = versions.flatMap((storedBy) =>
    versions.filter((other) => other !== storedBy).map((answeredBy) => ({ storedBy, answeredBy })),
  );
  return pairs.map(({ storedBy, answeredBy }) => {
    const count = (tier: string) =>
      found.filter(
        (one) => one.storedBy === storedBy && one.answeredBy === answeredBy && one.tier === tier,
      ).length;
    return { storedBy, answeredBy, edge: count("edge"), shared: count("shared") };
  });
}

/**
 * @param answered a read, or a try of a purge
 * @returns the version of the isolate that answered; `undefined` if no life contains the operation
 */
export function versionThat(
  isolates: readonly IsolateLife[],
  answered: Pick<Read, "colo" | "invokedAtMs" | "returnedAtMs">,
): string | undefined {
  const { colo, invokedAtMs, returnedAtMs } = answered;
  const life = isolates.find(
    (one) => one.colo === colo && one.fromMs <= invokedAtMs && returnedAtMs <= one.untilMs,
  );
  return life?.version;
}
