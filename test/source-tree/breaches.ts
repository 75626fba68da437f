// Finds forbidden imports and forbidden names in a source tree. Each breach is one line.
import { posix } from "node:path";
import { type House, library } from "./folders.ts";

/** Texts by path, such as `src/rules/ranges.ts`. */
export type Sources = ReadonlyMap<string, string>;

const importLines = [
  /^(?:import|export)\s+(?:type\s+)?(?:[\w$]+\s*,?\s*)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?\s*from\s*["']([^"']+)["']/gm,
  /^import\s*["']([^"']+)["']/gm,
  /\bimport\(\s*["'`]([^"'`]+)["'`]/g,
];

/** @returns the specifiers of all imports in the text, with types and dynamic imports */
export function imported(text: string): string[] {
  return importLines.flatMap((line) => [...text.matchAll(line)].map(([, from]) => from ?? ""));
}

/** @returns one line for each breach, sorted and without duplicates */
export function breaches(sources: Sources, house: House = library): string[] {
  const found = [...sources].flatMap(([path, text]) => breachesInFile(path, text, house));
  return [...new Set(found)].sort();
}

function breachesInFile(path: string, text: string, house: House): string[] {
  const imports = imported(text).flatMap((from) => importBreaches(path, from, house));
  return [...nameBreaches(path, house), ...imports];
}

/** @returns the folder below the root, or the module's name if the module is in the root itself */
function placeOf(path: string, { root }: House): string {
  const folder = posix.dirname(path);
  return folder === root ? nameOf(path) : folder.slice(root.length + 1);
}

const nameOf = (path: string) => posix.basename(path).replace(/(?:\.d)?\.tsx?$/, "");

const sayingNothing = ["utils", "util", "helpers", "helper", "common", "types"];

function nameBreaches(path: string, house: House): string[] {
  const name = nameOf(path);
  const place = placeOf(path, house);
  return [
    ...(house.mayImport[place] === undefined
      ? [`${place} has no line in the table of folders`]
      : []),
    ...(name === "index" ? [`${path}: no barrel files`] : []),
    ...(sayingNothing.includes(name) ? [`${path}: a name that says nothing`] : []),
  ];
}

function importBreaches(path: string, from: string, house: House): string[] {
  const { root, mayImport, mayImportOutside } = house;
  if (!from.startsWith(".")) return [];
  const target = posix.join(posix.dirname(path), from);
  const place = placeOf(path, house);
  if (!target.startsWith(`${root}/`)) {
    const known = mayImportOutside[place] ?? [];
    const isKnown = known.some(
      (one) => target === one || (one.endsWith("/") && target.startsWith(one)),
    );
    return isKnown ? [] : [`${path}: ${from} is outside ${root}/`];
  }
  const targetPlace = placeOf(target, house);
  const allowed = place === targetPlace || (mayImport[place] ?? []).includes(targetPlace);
  return allowed ? [] : [`${path} may not import ${targetPlace}`];
}
