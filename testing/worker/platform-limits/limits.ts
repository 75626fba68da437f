// Limits of Cloudflare's platform, and the names by which a run of the tests selects them.

/** An absent member imposes nothing. */
export interface PlatformLimits {
  /** Connections of one invocation that wait for response fields at once. Others queue. */
  readonly connectionsMax?: number;
  /** Subrequests of one invocation. */
  readonly subrequestsMax?: number;
  /** The Cache API accepts each `put`, and finds nothing, as on workers.dev. */
  readonly cacheStoresNothing?: boolean;
  /** The fields of a response that the Cache API accepts. */
  readonly cacheFieldBytesMax?: number;
  /** The clock shows the time of the last I/O. */
  readonly clockStandsStill?: boolean;
  readonly objects?: ObjectTrouble;
  /** The heap of V8, without the bytes of buffers. workerd ends when a Worker exceeds it. */
  readonly heapMebibytesMax?: number;
}

/** The shares of calls to Durable Objects that get an error, or an answer after 10 s. */
export interface ObjectTrouble {
  readonly seed: number;
  readonly overloadedShare?: number;
  readonly retryableShare?: number;
  readonly slowShare?: number;
}

/** The values of `TIDEMARK_PLATFORM`. A comma combines several. */
export const namedLimits = {
  six: { connectionsMax: 6 },
  fifty: { subrequestsMax: 50 },
  paid: { subrequestsMax: 10_000 },
  "no-cache": { cacheStoresNothing: true },
  fields: { cacheFieldBytesMax: 16_384 },
  still: { clockStandsStill: true },
  objects: {
    objects: { seed: 1, overloadedShare: 0.05, retryableShare: 0.05, slowShare: 0.02 },
  },
  heap: { heapMebibytesMax: 128 },
} as const satisfies Readonly<Record<string, PlatformLimits>>;

export type LimitName = keyof typeof namedLimits;

/** Returns the limits of a list such as `six,no-cache`. @throws Error for an unknown name */
export function limitsOf(list: string): PlatformLimits {
  const names = list.split(",").filter(Boolean);
  const unknown = names.find((name) => !Object.hasOwn(namedLimits, name));
  if (unknown !== undefined) {
    const known = Object.keys(namedLimits).join(", ");
    throw new Error(`TIDEMARK_PLATFORM has the unknown limit "${unknown}". Known: ${known}.`);
  }
  return Object.assign({}, ...names.map((name) => namedLimits[name as LimitName])) as object;
}
