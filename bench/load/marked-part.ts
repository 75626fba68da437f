// Replaces the part of a document that a bench writes, between two markers with the name of its
// command.
import { readFile, writeFile } from "node:fs/promises";

/**
 * Writes text between `<!-- begin: name -->` and `<!-- end: name -->`.
 *
 * @param name the command that writes it, such as "npm run bench -- cost"
 * @throws Error and changes nothing, unless the file has each marker once, in this order
 */
export async function replaceMarkedPart(path: string, name: string, text: string): Promise<void> {
  const [begin, end] = [`<!-- begin: ${name} -->`, `<!-- end: ${name} -->`];
  const document = await readFile(path, "utf8");
  const [before, between, ...twice] = document.split(begin);
  const [former, after, ...endedTwice] = between?.split(end) ?? [];
  const isMarked = former !== undefined && after !== undefined && before !== undefined;
  if (!isMarked || before.includes(end) || twice.length + endedTwice.length > 0) {
    throw new Error(`${path} needs one line ${begin} and, below it, one line ${end}.`);
  }
  // Keep the indentation of the first line.
  const part = text.replace(/^\n+/, "").trimEnd();
  await writeFile(path, `${before}${begin}\n\n${part}\n\n${end}${after}`);
}
