// Finds forbidden imports, circular imports, oversized files and folders, and forbidden names in a
// source tree. Each breach is one line.
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { type House, library, linesInFileMax } from "./folders.ts";

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
  const isLong = text.split("\n").length - 1 > linesInFileMax;
  return [...nameBreaches(path, house), ...imports, ...(isLong ? [`${path}: too many lines`] : [])];
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
  const { root, usesNode, mayImport, mayImportOutside } = house;
  if (from.startsWith("node:") || builtinModules.includes(from)) {
    return usesNode ? [] : [`${path}: ${from} is a module of Node`];
  }
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

/** @returns the paths of all files in a circle of imports */
export function inCircles(sources: Sources): string[] {
  const graph = graphOf(sources);
  return [...graph.keys()].filter((path) => circleThrough(path, graph) !== undefined);
}

const targets = (path: string, text: string) =>
  imported(text).map((from) => posix.join(posix.dirname(path), from));

type Graph = ReadonlyMap<string, readonly string[]>;

const graphOf = (sources: Sources): Graph =>
  new Map([...sources].map(([path, text]) => [path, targets(path, text)]));

/** @returns a shortest circle of imports from the file back to itself, or `undefined` */
function circleThrough(path: string, graph: Graph): string[] | undefined {
  const ways: string[][] = [[path]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? "") ?? []) {
      if (next === path) return [...way, path];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/** @returns a shortest circle of imports through the file, one file a line */
export function circleToOpen(path: string, sources: Sources): string {
  return (circleThrough(path, graphOf(sources)) ?? []).join("\n  → ");
}
