// The places in which Cloudflare can create Durable Objects, as the types of workerd list them.

/** The regions that a location hint can name. */
export const locationHints = {
  wnam: "the west of North America",
  enam: "the east of North America",
  sam: "South America",
  weur: "the west of Europe",
  eeur: "the east of Europe",
  apac: "Asia-Pacific",
  "apac-ne": "the north-east of Asia-Pacific",
  "apac-se": "the south-east of Asia-Pacific",
  oc: "Oceania",
  afr: "Africa",
  me: "the Middle East",
};

/** The areas that the objects of a jurisdiction never leave. */
export const jurisdictions = {
  eu: "only the European Union",
  us: "only the United States",
  fedramp: "only FedRAMP data centers",
  "fedramp-high": "only FedRAMP High data centers",
};

/** The place of objects. Cloudflare never moves an object, so it applies only to new objects. */
export interface ObjectPlacement {
  /** The region in which Cloudflare creates the objects. Default: near the first request. */
  readonly locationHint?: keyof typeof locationHints;
  /** The area in which the objects run and keep their data. Another value names other objects. */
  readonly jurisdiction?: keyof typeof jurisdictions;
}
