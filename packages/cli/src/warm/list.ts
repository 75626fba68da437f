// Reads lists of pages: a URL, a path, or JSON with header fields in each line.
import { addAbortSignal } from "node:stream";
import type { World } from "../world.ts";
import type { PageList } from "./page-list.ts";
import { bytesOfFile, bytesOfStream, textOf } from "./source-text.ts";

/** The content of a line. */
export type Line =
  | { readonly kind: "page"; readonly text: string; readonly headers?: Record<string, string> }
  | { readonly kind: "nothing" }
  | { readonly kind: "unreadable" };

/** Enough for a million pages. */
const bytesMax = 134_217_728;

/**
 * Adds the pages of a list.
 *
 * @param name a file, or - for stdin
 * @returns the number of lines that could not be read
 * @throws CommandError if the list cannot be read
 */
export async function readList(name: string, pages: PageList, world: World): Promise<number> {
  const limit = { name, bytesMax };
  const { input, interrupted } = world;
  const bytes =
    name === "-"
      ? await bytesOfStream(addAbortSignal(interrupted, input), limit)
      : await bytesOfFile(name, world);
  let unreadableCount = 0;
  for (const text of textOf(bytes, limit).split("\n")) {
    const line = readLine(text);
    if (line.kind === "unreadable") unreadableCount += 1;
    else if (line.kind === "page") pages.add(line.text, line.headers);
  }
  return unreadableCount;
}

export function readLine(line: string): Line {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return { kind: "nothing" };
  if (!text.startsWith("{")) return { kind: "page", text };
  try {
    const { url, headers } = JSON.parse(text) as { url?: unknown; headers?: unknown };
    if (typeof url !== "string") return { kind: "unreadable" };
    return {
      kind: "page",
      text: url,
      ...(headers !== undefined && { headers: fieldsOf(headers) }),
    };
  } catch {
    return { kind: "unreadable" };
  }
}

/** @throws TypeError if the value is not an object of header fields */
function fieldsOf(value: unknown): Record<string, string> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || Object.values(value).some((one) => typeof one !== "string"))
    throw new TypeError("The headers are not fields.");
  const fields = value as Record<string, string>;
  void new Headers(fields);
  return fields;
}
