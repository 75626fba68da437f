// A part of a document that a bench writes: what stands between two markers that name its command.
import { readFile, writeFile } from "node:fs/promises";

/**
 * Puts a text between `<!-- begin: name -->` and `<!-- end: name -->`.
 *
 * @param name the command that writes it, such as "npm run bench -- cost"
 * @throws Error when the file does not have each marker once, in that order; it is unchanged then
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
  // What is indented at its beginning stays so.
  const part = text.replace(/^\n+/, "").trimEnd();
  await writeFile(path, `${before}${begin}\n\n${part}\n\n${end}${after}`);
}
