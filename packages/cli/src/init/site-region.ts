// The region of a new site's Durable Objects, in which Cloudflare leaves them for ever.
import { jurisdictions, locationHints } from "../../../../src/protocol/object-placement.ts";
import { usageError } from "../command-error.ts";
import type { Session } from "../session.ts";

const regions: Readonly<Record<string, string>> = { ...locationHints, ...jurisdictions };
const names = Object.keys(regions).join(", ");

/** The option of `init` and `create`. */
export const regionOption = [
  "--region <name>",
  `where Cloudflare creates the Durable Objects, and leaves them for ever: ${names}. Default: near the first request`,
] as const;

/** @throws CommandError for an unknown region, or one beside stores without Durable Objects */
export function checkRegion(region: string | undefined, stores: string | undefined): void {
  if (region === undefined) return;
  const what = "Nothing was requested or written.";
  if (!Object.hasOwn(regions, region)) {
    const why = `--region is ${JSON.stringify(region.slice(0, 40))}.`;
    throw usageError({ what, why, hint: `Write one of ${names}.` });
  }
  if (stores !== "upstash") return;
  const why = "--region is for Durable Objects, and the stores are in Redis of Upstash.";
  throw usageError({ what, why, hint: "Choose the region of the database at Upstash instead." });
}

/** Asks on a terminal, unless `--yes` chooses the default. */
export async function askedRegion(
  { terminal }: Session,
  { region, yes }: { readonly region?: string; readonly yes?: boolean | undefined },
): Promise<string | undefined> {
  if (region !== undefined || yes === true || !terminal.isInteractive) return region;
  const question = "Where are most visitors? Cloudflare never moves the Durable Objects later.";
  const asked = await terminal.chosen(question, [
    { value: "", label: "near the first request, wherever it comes from" },
    ...Object.entries(regions).map(([value, text]) => ({ value, label: `${value}: ${text}` })),
  ]);
  return asked === "" ? undefined : asked;
}

/** Writes the region into the text of a site's `src/worker.ts`. */
export function withRegion(text: string, region: string | undefined): string {
  if (region === undefined) return text;
  const option = Object.hasOwn(jurisdictions, region) ? "jurisdiction" : "locationHint";
  return text.replace(/(durableObject\w+)\(\)/g, `$1({ ${option}: ${JSON.stringify(region)} })`);
}
