// The keys of a run. Their namespaces use all options by which a value may outlive its purge.
import type { NamespaceOptions } from "../../../src/data-cache.ts";
import type { DataKey, DataOrder } from "./checker/operations.ts";

/** A row of a namespace. `id` and `copy` are equal. Different values show a mix of two versions. */
export interface Row {
  readonly path: string;
  readonly id: string;
  readonly copy: string;
}

/** A row in parts. `views` has a new starting number at each read of the source. */
export interface RowInParts {
  readonly title: string;
  readonly text: string;
  readonly views: number;
}

/** The distance between two starting numbers of `views`. */
export const viewsStep = 1_000_000;

const spaceNames = ["steady", "world", "lenient", "brief", "parts", "alone"] as const;
export type SpaceName = (typeof spaceNames)[number];
type Options = Omit<NamespaceOptions<unknown, string>, "tags" | "load" | "codec">;

/** Returns the options of each namespace. A load may take longer than N, and the source takes 1.5 N at most. */
export function spacesOf(maxLagMs: number): Readonly<Record<SpaceName, Options>> {
  const timeouts = { hardTimeoutMs: 5 * maxLagMs, waitTimeoutMs: 2 * maxLagMs };
  const common = { ...timeouts, retryAfter: "1s" } as const;
  return {
    steady: { ...common, fresh: "10m" },
    world: { ...common, fresh: "10m", collapse: "global" },
    lenient: { ...common, fresh: "10m", stale: "10m" },
    brief: { ...common, fresh: "2s", stale: "3s", softTimeoutMs: 150 },
    parts: { ...common, fresh: "10m" },
    alone: { ...common, fresh: "10m", tiers: ["shared"] },
  };
}

/** The durations of `fresh` and `stale` in milliseconds. */
const lifetimesMs = (space: SpaceName) => {
  if (space === "brief") return { freshMs: 2_000, staleMs: 3_000 };
  return { freshMs: 600_000, staleMs: space === "lenient" ? 600_000 : 0 };
};

export interface UsedKey extends DataKey {
  readonly space: SpaceName;
  /** The name without the namespace. */
  readonly name: string;
  /**
   * Whether clients change the value by `set`. Then only one client at a time writes the row.
   */
  readonly isSet: boolean;
  /** Whether all fields are set at once. Otherwise a call may set only some fields. */
  readonly isWhole: boolean;
}

const keysPerSpace = 4;

export const allKeys: readonly UsedKey[] = spaceNames.flatMap((space) =>
  Array.from({ length: keysPerSpace }, (_, index) => {
    const name = `${index % 2 === 0 ? "a" : "b"}/${index + 1}`;
    const isLast = index === keysPerSpace - 1;
    const isWhole = index < keysPerSpace / 2;
    const { freshMs, staleMs } = lifetimesMs(space);
    return {
      space,
      name,
      path: `${space}/${name}`,
      tags: tagsOf(space, name),
      staleMs,
      livesMs: freshMs + staleMs,
      isSet: space === "alone" ? !isWhole : isLast && (space === "steady" || space === "world"),
      isWhole,
    };
  }),
);

/** The stores of a run: Redis, or Durable Objects. */
export type DataStore = "redis" | "objects";

/**
 * The keys of a run over each store. Fields need Redis. Over objects, keys of the shared tier alone take
 * their place.
 */
export const keysOver: Readonly<Record<DataStore, readonly UsedKey[]>> = {
  redis: allKeys.filter(({ space }) => space !== "alone"),
  objects: allKeys.filter(({ space }) => space !== "parts"),
};

export function tagsOf(space: string, name: string): string[] {
  return [`row:${space}:${name}`, `kind:${space}`, `shelf:${Number(name.split("/")[1]) % 3}`];
}

/** Returns one order of each kind that covers a key, from the narrowest to the widest. */
export function ordersCovering({ space, name, path, tags }: UsedKey): readonly DataOrder[] {
  const [own = "", kind = "", shelf = ""] = tags;
  const group = name.split("/")[0] ?? "";
  return [
    { keys: [path] },
    { tags: [own] },
    { keys: [path, `${space}/nobody`], tags: [own] },
    { prefixes: [path] },
    { prefixes: [`${space}/${group}`] },
    { tags: [shelf] },
    { tags: [kind] },
    { prefixes: [space] },
  ];
}
