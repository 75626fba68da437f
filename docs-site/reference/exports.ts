// Renders the page of the exports of the package, from package.json and the sources.
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { declarationOf, described, linked, type Member, membersOf, textOf } from "./docstrings.ts";

/** Returns the page. */
export function packageExports(): string {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  const sections = Object.entries(exports).map(([entry, target]) =>
    typeof target === "string" ? "" : sectionOf(`tidemark${entry.slice(1)}`, target.types),
  );
  return `# Exports of the package

[The package](../package.md) says where each import runs.
${sections.join("")}`;
}

function sectionOf(entry: string, types: string): string {
  const source = types.replace("./dist/types/", "src/").replace(/\.d\.ts$/, ".ts");
  const path = existsSync(source) ? source : `${source}x`;
  const text = readFileSync(path, "utf8");
  const [head = ""] = /^(?:\/\/.*\n)+/.exec(text) ?? [];
  const about = textOf(`\n${head}`).replace(/^Exports of `[^`]+`: (.)/, (_, first: string) =>
    first.toUpperCase(),
  );
  const names = namesIn(text);
  const ofKind = (isType: boolean) => names.filter((one) => one.isType === isType);
  const lists = Object.entries({ Values: ofKind(false), Types: ofKind(true) })
    .filter(([, list]) => list.length > 0)
    .map(([kind, list]) => `- ${kind}: ${list.map(({ name }) => `\`${name}\``).join(", ")}\n`);
  const options = names
    .filter(({ name }) => isOptions.test(name))
    .map(({ name }) => optionsOf(name, path));
  return `\n## ${entry}\n\n${linked(about)}\n\n${lists.join("")}${options.join("")}`;
}

const isOptions = /(?:Options|Settings|Platform|DurableObject(?:Journal|Records))$/;

const exported = /^export (type )?(?:\{([^}]*)\}|(?:async )?(\w+) (\w+))/gm;

const namesIn = (text: string) =>
  [...text.matchAll(exported)].flatMap(([, type, list, kind = "", name = ""]) =>
    (list ?? name)
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "" && kind !== "default")
      .map((one) => ({
        name: one.replace(/^type /, ""),
        isType: type !== undefined || one.startsWith("type ") || /type|interface/.test(kind),
      })),
  );

/** Returns the list of an interface of options. */
function optionsOf(name: string, path: string): string {
  const lines = inheritedMembers(name, path).map(lineOf);
  return lines.length === 0 ? "" : `\n### ${name}\n\n${lines.join("")}`;
}

/** Returns the members of an interface, after those of the interfaces that it extends. */
function inheritedMembers(name: string, above: string): Member[] {
  const imported = new RegExp(`^(?:import|export) [^;]*\\b${name}\\b[^;]* from "(\\.[^"]+)"`, "m");
  const [, from] = imported.exec(readFileSync(above, "utf8")) ?? [];
  const path = from === undefined ? above : posix.join(posix.dirname(above), from);
  const text = declarationOf(path, name) ?? "";
  const members = membersOf(text);
  const written = Array.from(text.matchAll(/^ {2}readonly (\w+)/gm), ([, member]) => member);
  if (members.length < written.length) {
    throw new Error(`${path}: a member of ${name} lacks a docstring: ${written.join(", ")}.`);
  }
  const [head = ""] = text.replaceAll(/<(?:[^<>]|<[^<>]*>)*>/g, "").split(/[{;]/);
  const [, extended = ""] = /\s(?:extends|=)\s(.*)$/s.exec(head) ?? [];
  const bases = extended.match(/\b[A-Z]\w+/g) ?? [];
  return [...bases.flatMap((base) => inheritedMembers(base, path)), ...members];
}

function lineOf(member: Member): string {
  const { name, fallback, isOptional, examples } = member;
  const stated = isOptional ? fallback && ` Default: ${linked(fallback)}.` : " Required.";
  const shown = examples.map((one) => ` For example, \`${one}\`.`).join("");
  return `- \`${name}\`: ${`${described(member)}${stated}${shown}`.trim()}\n`;
}
