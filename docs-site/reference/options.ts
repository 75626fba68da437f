// Renders the pages of the options of routes and of the whole site, from the docstrings of src/config/written*.ts.
import { globSync } from "node:fs";
import { cfNames } from "../../src/config/written-route.ts";
import { strippableFields } from "../../src/config/written-origin.ts";
import { tierNames } from "../../src/config/tier-names.ts";
import { declarationOf, described, linked, type Member, membersOf } from "./docstrings.ts";

const sources = globSync("src/config/written*.ts");

/** An option with its members, if its value is an object. */
export interface Option extends Member {
  /** Its path, such as `query.allow`. */
  readonly path: string;
  readonly members: readonly Option[];
}

/** Returns the options of a type of src/config/written*.ts, in their order. */
export function optionsOf(type: string, above = ""): Option[] {
  const text = sources.map((path) => declarationOf(path, type)).find((one) => one !== undefined);
  const [, base = "", without = ""] = /extends Omit<(\w+), "(\w+)">/.exec(text ?? "") ?? [];
  const inherited = base === "" ? [] : optionsOf(base, above).filter((one) => one.name !== without);
  const own = membersOf(text ?? "").map((member) => {
    const path = above === "" ? member.name : `${above}.${member.name}`;
    // Routes have a page of their own.
    const [inner] = path === "routes" ? [] : (/Written(?!Condition)\w+/.exec(member.type) ?? []);
    return Object.assign(member, {
      path,
      members: inner === undefined ? [] : optionsOf(inner, path),
    });
  });
  return [...inherited, ...own];
}

/** Returns an option, and all below it that are no members of an entry in a list. */
export const withMembers = (option: Option): Option[] => [
  option,
  ...(isList(option) ? [] : option.members.flatMap(withMembers)),
];

const isList = ({ type }: Member) => /\[\]$|^Readonly<Record/.test(type);

const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(" | ");

/** Types in the words of a reader who has no declaration of them. */
const plainTypes: readonly (readonly [RegExp, string])[] = [
  [/\(typeof strippableFields\)\[number\]/g, `(${quoted(strippableFields)})`],
  [/WrittenCondition/g, "string[] | { [name]: string[] }"],
  [/\{ \[At in keyof Matches\]: .*\}/g, "object[]"],
  [/Readonly<Record<string, (\w+)>>/g, "{ [name]: $1 }"],
  [/Written\w+/g, "object"],
  [/AddedNames/g, "string[] | { only: string[] }"],
  [/Match\b/g, "string | string[]"],
  [/TagsOf<.*>/g, "(parameters) => string[]"],
  [/NamePattern/g, "string"],
  [/NegativeLifetimes/g, '{ [status]: Duration | "origin" }'],
  [/Lifetimes/g, "{ [status]: Duration }"],
  [/StatusPattern/g, 'number | "2xx" | "3xx" | "4xx" | "5xx"'],
  [/TierName/g, `(${quoted(tierNames)})`],
  [/CfName/g, `(${quoted(cfNames)})`],
  [/\[name: string\]/g, "[name]"],
];

const typeText = ({ type }: Member) =>
  plainTypes.reduce((text, [written, plain]) => text.replace(written, plain), type);

/** Returns an example from the top of a route or of the configuration. */
export function wholeExample({ path }: Option, example: string): string {
  const above = path.split(".").slice(0, -1);
  return above.reduceRight((inner, outer) => `${outer}: { ${inner} }`, example);
}

const code = (text: string) => (text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``);

/** A default that is only that of its members. */
const ofMembers = "see each field";

const statedBy = ({ fallback }: Member) => {
  if (fallback === "required") return "Required.";
  return fallback === "" || fallback === ofMembers ? "" : `Default: ${linked(fallback)}.`;
};

function sectionOf(option: Option): string {
  const examples = option.examples.map((one) => code(wholeExample(option, one)));
  const type = typeText(option);
  const lines = [
    type === "object" ? "" : `- Type: ${code(type)}`,
    statedBy(option) && `- ${statedBy(option)}`,
    `- ${examples.length > 1 ? "Examples" : "Example"}: ${examples.join(", ")}`,
  ];
  const shown = lines.filter((line) => line !== "").join("\n");
  return `\n### \`${option.path}\`\n\n${described(option)}\n\n${shown}\n`;
}

function sectionsOf(type: string): string {
  let group = "";
  return optionsOf(type)
    .map((option) => {
      const heading = option.group === group ? "" : `\n## ${option.group}\n`;
      group = option.group;
      return heading + withMembers(option).map(sectionOf).join("");
    })
    .join("");
}

/** Returns the page of the options of a route. */
export const routeOptions = () => `# Options of routes

Each entry of \`routes\` has these options. [Routes](../routes.md) explains patterns, conditions and precedence.

${durations}
${sectionsOf("WrittenRoute")}`;

/** Returns the page of the options of the whole site. */
export const generalOptions = () => `# General options

\`defineConfig\` takes these options. [Configuration](../configuration.md) explains variables and several sites.

${durations}
${sectionsOf("WrittenConfig")}`;

const durations =
  'A `Duration` is a whole number with `s`, `m`, `h` or `d`, such as `"90s"`. A part of a request is *keyed* if it is in [the key](../glossary.md#storage) of stored responses. In a list of cookies or query parameters, a name may end in `*`, which matches any text, except in `key.cookies`.';
