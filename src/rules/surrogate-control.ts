// Reads Surrogate-Control, which origins send to the caches that stand in for them (W3C Edge
// Architecture Specification 1.0 §2.2, §2.3).
import { type Directive, membersOf, parseDirectives } from "./directives.ts";

/** What this cache is called by an origin that means it alone: `max-age=60;tidemark`. */
const ownName = "tidemark";

/** Sent to origins, so that they know who reads the field (§2.3). ESI is not processed here. */
export const surrogateCapability = `${ownName}="Surrogate/1.0"`;

/** Only a field with one of these says whether to store, or for how long. */
const governing: ReadonlySet<string> = new Set([
  "no-store",
  "private",
  "no-cache",
  "max-age",
  "s-maxage",
]);

/**
 * @param text the field's combined value; `null` when it is absent
 * @returns the directives for this cache, those that name it first; empty where none of them says
 *   whether to store or for how long, as in `content="ESI/1.0"`. Never throws.
 */
export function surrogateDirectives(text: string | null): Directive[] {
  const members = membersOf(text).map(splitTargets);
  const forUs = members.filter(({ targets }) => targets.includes(ownName));
  const forAll = members.filter(({ targets }) => targets.length === 0);
  const wellFormed = [...forUs, ...forAll].flatMap(({ rule }) => parseDirectives(rule));
  const rules = [...members.flatMap(({ slipped }) => slipped), ...wellFormed].flatMap(plain);
  return rules.some(({ name }) => governing.has(name)) ? rules : [];
}

/**
 * A directive may be followed by the names of those it is for: `no-store;abc;def`.
 *
 * @returns `targets`: these names, in small letters as our own is. `slipped`: directives where a name
 *   should be, as in `no-store; private`: heeded, as strictly as can be
 */
function splitTargets(member: string) {
  const [rule = "", ...rest] = member.match(/(?:[^;"]|"(?:[^"\\]|\\[^])*"?)+/g) ?? [];
  const names = rest.map((text) => text.trim().toLowerCase());
  const nameOf = (text: string) => text.split("=", 1)[0]?.trim() ?? "";
  const isDirective = (text: string) => text.includes("=") || governing.has(text);
  return {
    rule,
    targets: names.filter((text) => !isDirective(text)),
    slipped: names.filter(isDirective).map((text) => ({ name: nameOf(text), argument: undefined })),
  };
}

/**
 * The same in the terms of Cache-Control. `max-age=60+30` allows thirty seconds of stale use;
 * `no-store-remote` is for caches that are far from the origin, which the edge is.
 */
function plain({ name, argument }: Directive): Directive[] {
  if (name === "no-store-remote") return [{ name: "no-store", argument }];
  const extended = name === "max-age" ? /^(\d+)\+(\d+)$/.exec(argument ?? "") : null;
  if (extended === null) return [{ name, argument }];
  return [
    { name, argument: extended[1] },
    { name: "stale-while-revalidate", argument: extended[2] },
  ];
}
