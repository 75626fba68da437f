// The tiers that an operator can name, and whom each of them serves.

/**
 * In the order in which they are asked. What lies in a tier is there for one isolate, for all isolates of a
 * colo, or for the world.
 */
export const tierScopes = { memory: "isolate", edge: "colo", shared: "world" } as const;

export type TierName = keyof typeof tierScopes;
export type TierScope = (typeof tierScopes)[TierName];

export const tierNames = Object.keys(tierScopes) as readonly TierName[];

/** As an error lists them. */
export const tiersListed = tierNames.map((name) => JSON.stringify(name)).join(", ");

/** Is one of them of that scope? */
export function reach(names: readonly string[], scope: TierScope): boolean {
  return tierNames.some((name) => tierScopes[name] === scope && names.includes(name));
}
