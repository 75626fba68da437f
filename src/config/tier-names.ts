// The names of the tiers, and who shares what each of them holds.

/**
 * The scope of each tier, in look-up order: one isolate, one colo, or the world shares it. A tier of the scope
 * `region` holds copies near the readers of what the world's tier holds. These copies may lag.
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

/** The tiers of data, which does not use copies that lag. */
export const dataTierNames = tierNames.filter((name) => tierScopes[name] !== "region");

/** Formats names for an error. */
export function listed(names: readonly TierName[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** Tells whether one of the names has this scope. */
export function reach(names: readonly string[], scope: TierScope): boolean {
  return tierNames.some((name) => tierScopes[name] === scope && names.includes(name));
}
