// The text on the pages of a bench. It consists of this repository's documents and sources, so that
// it compresses like written text.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
let written: string | undefined;

/**
 * @returns `bytes` bytes of ASCII text, different for each page
 * @throws Error if the text is too short
 */
export function pageText(page: number, bytes: number): string {
  written ??= ["docs", "src", "test"].flatMap(textsIn).join("\n");
  const room = written.length - bytes;
  if (room <= 0) throw new Error(`The repository has only ${written.length} bytes of text.`);
  const from = (page * 7_919) % room;
  return written.slice(from, from + bytes);
}

function textsIn(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true }).map(String).toSorted();
  return names
    .filter((name) => /\.(?:md|ts)$/.test(name))
    .map((name) => readFileSync(join(root, folder, name), "utf8").replaceAll(/[^\n -~]/g, "-"));
}
