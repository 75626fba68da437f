// Parses Surrogate-Control, a field that origins send to reverse proxies (W3C Edge Architecture
// Specification 1.0 §2.2, §2.3).
import { type Directive, membersOf, parseDirectives } from "./directives.ts";

/** The name with which an origin addresses only this cache: `max-age=60;tidemark`. */
const ownName = "tidemark";

/**
 * The value of Surrogate-Capability, which announces support for Surrogate-Control to origins
 * (§2.3). This cache does not process ESI.
 */
export const surrogateCapability = `${ownName}="Surrogate/1.0"`;

/** Surrogate-Control governs a response only if it has one of these directives. */
const governing: ReadonlySet<string> = new Set([
  "no-store",
  "private",
  "no-cache",
  "max-age",
  "s-maxage",
]);

/**
 * Returns the directives for this cache: first directives in the place of a cache's name, then
 * directives that address this cache by name, then directives for all caches. Returns none if
 * no directive of `governing` is present, as in `content="ESI/1.0"`. Never throws.
 *
 * @param text the combined field value; `null` if the field is absent
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
 * Splits a directive from the names of the caches that it addresses: `no-store;abc;def`.
 *
 * @returns `targets`: the names, in lower case. `slipped`: directives in the place of a name, as in
 *   `no-store; private`, without their argument, which is their strictest meaning
 */
function splitTargets(member: string) {
  const parts = member.matchAll(/(?:[^;"]|"(?:[^"\\]|\\[^])*"?)+/g);
  const [rule = null, ...rest] = [...parts].map(([part]) => part);
  const names = rest.map((text) => text.trim().toLowerCase());
  const isDirective = (text: string) => text.includes("=") || governing.has(text);
  const slipped = names.filter(isDirective).flatMap((text) => text.split("=", 1));
  return {
    rule,
    targets: names.filter((text) => !isDirective(text)),
    slipped: slipped.map((name) => ({ name: name.trim(), argument: undefined })),
  };
}

/**
 * Translates a directive to directives of Cache-Control. In `max-age=60+30`, 30 is the stale
 * allowance in seconds. `no-store-remote` addresses caches far from the origin, such as this cache.
 */
function plain({ name, argument }: Directive): Directive[] {
  if (name === "no-store-remote") return [{ name: "no-store", argument }];
  const extended = name === "max-age" ? argument?.match(/^(\d+)\+(\d+)$/) : null;
  if (!extended) return [{ name, argument }];
  return [
    { name, argument: extended[1] },
    { name: "stale-while-revalidate", argument: extended[2] },
  ];
}
