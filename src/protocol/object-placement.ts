// The places in which Cloudflare can create Durable Objects, as workerd's types list them.

/** The regions that a location hint can name. */
export const locationHints = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;
export type LocationHint = (typeof locationHints)[number];

/** The areas that the objects of a jurisdiction never leave. */
export const jurisdictions = ["eu", "us", "fedramp", "fedramp-high"] as const;
export type Jurisdiction = (typeof jurisdictions)[number];

/** The place of objects. Cloudflare never moves an object, so it applies only to new objects. */
export interface ObjectPlacement {
  /** The region in which Cloudflare creates the objects. Default: near the first request. */
  readonly locationHint?: LocationHint;
  /** The area in which the objects run and keep their data. Another value names other objects. */
  readonly jurisdiction?: Jurisdiction;
}
