// The part of a document that a program writes: it stands between two comments that name the program.
import { readFile, writeFile } from "node:fs/promises";

/**
 * Puts `text` in the place of what stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`.
 *
 * @throws Error when either marker is missing, is there twice, or stands in the wrong order
 */
export function withPart(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin: ${name} -->`, `<!-- end: ${name} -->`];
  const [before, rest, ...more] = document.split(begin);
  const [, after, ...stillMore] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length + stillMore.length > 0) {
    throw new Error(`The document has no one place for it: ${begin} and, below it, ${end}.`);
  }
  return `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`;
}

/** Reads, replaces the part and writes. @throws Error as above, and then nothing is written */
export async function writePart(file: URL, name: string, text: string): Promise<void> {
  await writeFile(file, withPart(await readFile(file, "utf8"), name, text));
}
