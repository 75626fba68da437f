// Reads docstrings from sources: of the members of a type, of an object, or of a list.
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { anchorOf } from "../contents.ts";

/** A member with the parts of its docstring. */
export interface Member {
  readonly name: string;
  /** The text of its type, without `undefined`; empty for an entry of a list. */
  readonly type: string;
  readonly isOptional: boolean;
  /** The comment line that precedes its group of members; empty without one. */
  readonly group: string;
  /** What it is. */
  readonly text: string;
  /** The text after `Default:`, or `required`; empty if the docstring states neither. */
  readonly fallback: string;
  readonly examples: readonly string[];
  /** The pages after `@see`, such as `docs/routes.md#patterns`. */
  readonly see: readonly string[];
}

/** The line of a group; or a docstring, and the name and the type of its member. */
const members =
  /^ +\/\/ ([^\n]+)$|\/\*\*((?:(?!\*\/).)*)\*\/\s*(?:readonly )?"?([\w-]+)"?(\??)(?::\s*((?:(?!\/\*\*).)*?))?[;,]$/gms;

const declarations = /^(?=(?:export )?(?:interface|type|const|class|(?:async )?function) )/m;

/** Returns the declaration of a name, with all its comments; `undefined` if the file has none. */
export function declarationOf(path: string, name: string): string | undefined {
  const declared = new RegExp(`^(?:export )?(?:interface|type|const) ${name}\\b`);
  return readFileSync(path, "utf8")
    .split(declarations)
    .find((text) => declared.test(text));
}

/** Returns the members of a declaration that have a docstring, in their order. */
export function membersOf(declaration: string): Member[] {
  let group = "";
  return [...declaration.matchAll(members)].flatMap(
    ([, heading, docstring, name = "", mark, type]) => {
      if (docstring === undefined) group = heading ?? "";
      if (docstring === undefined) return [];
      const isOptional = mark === "?";
      return [{ name, group, isOptional, type: typeOf(type ?? ""), ...partsOf(docstring) }];
    },
  );
}

const typeOf = (text: string) =>
  text.replaceAll(/\s+/g, " ").replaceAll(/^\| | \| undefined|\breadonly /g, "");

/** Splits a docstring into what it says, the default, the examples and the pages. */
function partsOf(docstring: string): Pick<Member, "text" | "fallback" | "examples" | "see"> {
  const [said = "", ...tags] = textOf(docstring).split(/ ?@(?=example |see )/);
  const all = (tag: string) =>
    tags.filter((one) => one.startsWith(tag)).map((one) => one.slice(tag.length + 1));
  const [, text = "", stated, required] =
    /^(.*?) ?(?:Default: (.*)\.|(Required)\.)?$/s.exec(said.trim()) ?? [];
  const fallback = stated ?? (required === undefined ? "" : "required");
  return { text, fallback, examples: all("example"), see: all("see") };
}

/** Returns the text of a comment in one line. */
export const textOf = (comment: string) =>
  comment
    .replaceAll(/\s*\n\s*(?:\*|\/\/) ?/g, " ")
    .replaceAll("*\\/", "*/")
    .trim();

/** Turns each path of a document, such as `docs/esi.md`, into a link for a page in docs/reference/. */
export const linked = (text: string) =>
  text.replaceAll(/(?:docs|src)\/[\w/-]+\.md(?:#[\w-]+)?/g, (target) => {
    const [path = "", anchor] = target.split("#");
    const headings = readFileSync(path, "utf8").matchAll(/^#+ (.*)$/gm);
    const titles = Array.from(headings, ([, title = ""]) =>
      title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1"),
    );
    const title = titles.find((one) => anchor === undefined || anchorOf(one) === anchor);
    if (title === undefined) throw new Error(`A docstring names ${target}, which does not exist.`);
    return `[${title}](${posix.relative("docs/reference", path)}${anchor === undefined ? "" : `#${anchor}`})`;
  });

/** Returns what a member is, with links to the pages about it. */
export const described = ({ text, see }: Member) =>
  linked(`${text}${see.length === 0 ? "" : ` See ${see.join(" and ")}.`}`.trim());
