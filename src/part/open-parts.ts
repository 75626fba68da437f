// Checks and opens the parts of a configuration.
import type { OpenPart, PartContents, PartHost, Slots } from "../admin/part-contents.ts";
import { PurgeIntake } from "../admin/purge-intake.ts";
import { faultOfSenders } from "../admin/without-senders.ts";
import { OperatorError } from "../base/operator-error.ts";
import type { Config } from "../config/config.ts";
import type { WithPhases } from "../pages/site/site.ts";
import { withPhases } from "./guarded-phases.ts";
import type { RoutePart, SitePart } from "./port/part.ts";

/** The parts of a configuration: the slots that they fill, and what they open. */
export interface Parts {
  readonly slots: Slots & { readonly withPhases?: WithPhases };
  readonly open: readonly (Pick<SitePart, "name"> & Required<Pick<PartContents, "open">>)[];
}

/**
 * Returns the parts of a configuration. Several routes may use one part.
 *
 * @throws OperatorError for a part that is there twice, for a rule with the name of a part, and for a missing part
 */
export function partsOf(config: Config): Parts {
  const named = new Map<string, SitePart | RoutePart>();
  for (const part of config.parts) {
    if (named.has(part.name))
      throw notStarted(`\`parts\` has ${part.name}() twice.`, "Remove one of them.");
    named.set(part.name, part);
  }
  for (const part of config.routes.flatMap(({ use }) => use)) {
    const other = named.get(part.name);
    if (other !== undefined && isRule(other) !== isRule(part))
      throw notStarted(
        `A rule of the site and a part of Tidemark both have the name ${JSON.stringify(part.name)}.`,
        "Choose another name in defineRule.",
      );
    named.set(part.name, other ?? part);
  }
  for (const { name, needs = [] } of config.parts) {
    const missing = needs.find((needed) => !config.parts.some((part) => part.name === needed));
    if (missing !== undefined)
      throw notStarted(
        `The configuration has ${name}(), which needs ${missing}().`,
        `Add ${missing}() of tidemark/${missing} to \`parts\`.`,
      );
  }
  const parts = [...named.values()].map(({ kind, name, contents }) => {
    const { fills, open, openPhases } = contents as PartContents;
    return { kind, name, fills, open, openPhases };
  });
  refuseClash(parts.map(({ name, fills = {} }) => ({ name, places: Object.keys(fills) })));
  const slots = Object.assign({}, ...parts.map(({ fills }) => fills)) as Slots;
  const phased = parts.filter((part) => part.openPhases !== undefined);
  return {
    slots: phased.length === 0 ? slots : { ...slots, withPhases: withPhases(phased) },
    open: parts.flatMap(({ name, open }) => (open === undefined ? [] : { name, open })),
  };
}

const isRule = ({ contents }: Pick<RoutePart, "contents">): boolean =>
  (contents as PartContents).isRule === true;

/** The contributions that one part makes alone. */
const ofOnePart = [
  "health",
  "ofMethods",
  "answerDebugged",
  "dryRun",
  "refresh",
] as const satisfies (keyof OpenPart)[];

/**
 * Opens the parts of a site.
 *
 * @throws OperatorError if two parts make a contribution that one part makes alone
 */
export function openParts(
  open: Parts["open"],
  host: Omit<PartHost, "parts" | "purges" | "faults">,
): PartHost {
  const parts: OpenPart[] = [];
  const faults = [...host.environment.faults];
  const settings = { ...host, parts, purges: new PurgeIntake({ ...host, parts }), faults };
  const named = open.map((one) => ({ name: one.name, part: one.open(settings) }));
  refuseClash(
    named.map(({ name, part }) => ({
      name,
      places: ofOnePart.filter((place) => part[place] !== undefined),
    })),
  );
  parts.push(...named.map(({ part }) => part));
  faults.push(...parts.flatMap((part) => part.faults ?? []), ...faultOfSenders(settings));
  return settings;
}

/** @throws OperatorError if two parts have the same place */
function refuseClash(
  parts: readonly { readonly name: string; readonly places: readonly string[] }[],
): void {
  const holders = new Map<string, string>();
  for (const { name, places } of parts) {
    for (const place of places) {
      const holder = holders.get(place);
      if (holder !== undefined)
        throw notStarted(
          `${holder}() and ${name}() fill the same place of the core.`,
          "Remove one of them.",
        );
      holders.set(place, name);
    }
  }
}

const notStarted = (why: string, hint: string): OperatorError =>
  new OperatorError({ what: "The Worker does not start.", why, hint });
