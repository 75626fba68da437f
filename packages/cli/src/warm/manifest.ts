// Reads the assets of a build from its manifest: of Vite and SvelteKit, of Next.js, or a list of paths.
import type { World } from "../world.ts";
import { type PageList, readLine } from "./page-list.ts";
import { sourceFailure, textAt } from "./source-text.ts";

const bytesMax = 33_554_432;
const kind = "manifest";

/** The lists of files in a manifest of Next.js, besides those of its pages. */
const listsOfNext = ["polyfillFiles", "lowPriorityFiles", "rootMainFiles"];

interface ManifestOptions {
  readonly pages: PageList;
  readonly world: World;
  /** The path of the folder of the assets; `undefined` for that of the manifest's kind. */
  readonly base: string | undefined;
}

/**
 * Adds the assets of a manifest.
 *
 * @param source a file or a URL
 * @throws CommandError if it cannot be read, or names no asset
 */
export async function readManifest(
  source: string,
  { pages, world, base }: ManifestOptions,
): Promise<void> {
  const text = await textAt(source, { kind, bytesMax, world });
  const { files, folder } = filesIn(text);
  if (files.length === 0) {
    const why = "It names no file of Vite, SvelteKit or Next.js, and is no list of paths.";
    throw sourceFailure({ kind, source }, why, "Pass the manifest that the build has written.");
  }
  for (const file of files) pages.add(pathOf(file, base ?? folder));
}

/** Returns the path of a file. A file that is a path or a URL stays as it is. */
function pathOf(file: string, folder: string): string {
  if (/^(?:\/|https?:\/\/)/i.test(file)) return file;
  return `${folder.replace(/\/$/, "")}/${file.split("/").map(encodeURIComponent).join("/")}`;
}

interface ManifestFiles {
  readonly files: readonly string[];
  readonly folder: string;
}

function filesIn(text: string): ManifestFiles {
  const isJson = /^\s*[[{]/.test(text);
  const manifest = isJson ? parsed(text) : undefined;
  if (Array.isArray(manifest)) return { files: textsIn(manifest), folder: "/" };
  if (!isObject(manifest)) {
    const lines = text.split("\n").map(readLine);
    return { files: lines.flatMap((line) => (line.kind === "page" ? line.text : [])), folder: "/" };
  }
  const { pages } = manifest;
  if (isObject(pages)) {
    const lists = [...listsOfNext.map((name) => manifest[name]), ...Object.values(pages)];
    return { files: lists.flatMap(textsIn), folder: "/_next" };
  }
  const entries = Object.values(manifest).filter(isObject);
  const files = entries.flatMap(({ file, css, assets }) => [[file], css, assets].flatMap(textsIn));
  return { files, folder: "/" };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A list may have lines of JSON.
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textsIn = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.filter((each): each is string => typeof each === "string" && each !== "")
    : [];
