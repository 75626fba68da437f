// The region of a new site's Durable Objects, in which Cloudflare leaves them for ever.
import { jurisdictions, locationHints } from "../../../../src/protocol/object-placement.ts";
import { usageError } from "../command-error.ts";
import type { Session } from "../session.ts";
import type { SiteStores } from "./site-stores.ts";

/** A location hint or a jurisdiction. */
export type SiteRegion = (typeof locationHints)[number] | (typeof jurisdictions)[number];

const names: readonly SiteRegion[] = [...locationHints, ...jurisdictions];
const list = `${locationHints.join(", ")}; or the jurisdiction ${jurisdictions.join(", ")}`;

/** The option of `init` and `create`. */
export const regionOption = [
  "--region <name>",
  `where Cloudflare creates the Durable Objects, and leaves them for ever: ${list}. Default: near the first request`,
] as const;

const labels: Readonly<Record<SiteRegion, string>> = {
  wnam: "west of North America",
  enam: "east of North America",
  sam: "South America",
  weur: "west of Europe",
  eeur: "east of Europe",
  apac: "Asia-Pacific",
  "apac-ne": "north-east of Asia-Pacific",
  "apac-se": "south-east of Asia-Pacific",
  oc: "Oceania",
  afr: "Africa",
  me: "Middle East",
  eu: "only the European Union (jurisdiction)",
  us: "only the United States (jurisdiction)",
  fedramp: "only FedRAMP data centers (jurisdiction)",
  "fedramp-high": "only FedRAMP High data centers (jurisdiction)",
};

/** @throws CommandError for an unknown name, or for stores without Durable Objects */
export function regionNamed(text: string | undefined, stores?: SiteStores): SiteRegion | undefined {
  const region = names.find((name) => name === text);
  const what = "Nothing was requested or written.";
  if (text !== undefined && region === undefined) {
    const why = `--region is ${JSON.stringify(text.slice(0, 40))}.`;
    throw usageError({ what, why, hint: `Write one of ${list}.` });
  }
  if (region === undefined || stores !== "upstash") return region;
  const why = "--region is for Durable Objects, and the stores are in Redis of Upstash.";
  throw usageError({ what, why, hint: "Choose the region of the database at Upstash instead." });
}

/** Asks on a terminal, unless `--yes` chooses the default. */
export async function askedRegion(
  { terminal }: Session,
  yes: boolean | undefined,
): Promise<SiteRegion | undefined> {
  if (yes === true || !terminal.isInteractive) return undefined;
  const regions = names.map((name) => ({ value: name, label: `${name}: ${labels[name]}` }));
  const question = "Where are most visitors? Cloudflare never moves the Durable Objects later.";
  const asked = await terminal.chosen<SiteRegion | "">(question, [
    { value: "", label: "near the first request, wherever it comes from" },
    ...regions,
  ]);
  return asked === "" ? undefined : asked;
}

/** Writes the region into the text of a site's `src/worker.ts`. */
export function withRegion(text: string, region: SiteRegion | undefined): string {
  if (region === undefined) return text;
  const option = jurisdictions.some((name) => name === region) ? "jurisdiction" : "locationHint";
  return text.replace(/(durableObject\w+)\(\)/g, `$1({ ${option}: ${JSON.stringify(region)} })`);
}
