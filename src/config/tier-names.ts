// The tiers that an operator can name, and whom each of them serves.

/**
 * In the order in which they are asked. What lies in a tier is there for one isolate, for all isolates of a
 * colo, or for the world. `region`: copies near the readers of what the world has, some time behind it.
 */
export const tierScopes = {
  memory: "isolate",
  edge: "colo",
  kv: "region",
  shared: "world",
} as const;

export type TierName = keyof typeof tierScopes;
export type TierScope = (typeof tierScopes)[TierName];

export const tierNames = Object.keys(tierScopes) as readonly TierName[];

/** Values of an application are small, and set one by one: a copy that lags is no use for them. */
export const dataTierNames = tierNames.filter((name) => tierScopes[name] !== "region");

/** As an error names them. */
export function listed(names: readonly TierName[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** Is one of them of that scope? */
export function reach(names: readonly string[], scope: TierScope): boolean {
  return tierNames.some((name) => tierScopes[name] === scope && names.includes(name));
}
