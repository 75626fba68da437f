// The names of the tiers, and the scope that shares each of them.

/** The scope of each tier, in lookup order. */
export const tierScopes = {
  memory: "isolate",
  edge: "colo",
  shared: "world",
} as const;

export type TierName = keyof typeof tierScopes;
export type TierScope = (typeof tierScopes)[TierName];

export const tierNames = Object.keys(tierScopes) as readonly TierName[];

/** Formats names for an error. */
export function listed(names: readonly TierName[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** Returns whether one of the tiers has this scope. */
export function reach(names: readonly string[], scope: TierScope): boolean {
  return tierNames.some((name) => tierScopes[name] === scope && names.includes(name));
}
