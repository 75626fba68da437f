// Checks the tests that a document names: `test/a.test.ts` "a piece of a title", "another".
import { existsSync, readFileSync } from "node:fs";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);

/**
 * @param heldBy files in backticks, each followed by pieces of its text in double quotes
 * @returns a fault for each named file or piece that does not exist
 */
export function missingTests(heldBy: string, { needsTitles = true } = {}): string[] {
  const named = heldBy.split(/`(?=(?:packages\/cli\/)?test\/)/).slice(1);
  if (named.length === 0) return ["it names no test"];
  return named.flatMap((part) => {
    const [path = ""] = part.split("`", 1);
    if (!existsSync(at(path))) return [`there is no ${path}`];
    const text = readFileSync(at(path), "utf8");
    const pieces = [...part.matchAll(/"([^"]+)"/g)].map(([, piece = ""]) => piece);
    if (pieces.length === 0 && needsTitles) return [`it names no test in ${path}`];
    return pieces.flatMap((piece) => (text.includes(piece) ? [] : [`${path} has no "${piece}"`]));
  });
}
