// Tests how a bench replaces its part of a document, and documents without markers for that part.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replaceMarkedPart } from "../../bench/load/marked-part.ts";

const name = "npm run bench -- cost";
const begin = `<!-- begin: ${name} -->`;
const end = `<!-- end: ${name} -->`;

describe("a marked part", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "marked-part-"));
    path = join(folder, "document.md");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = async (document: string, text: string): Promise<string> => {
    await writeFile(path, document);
    await replaceMarkedPart(path, name, text);
    return readFile(path, "utf8");
  };

  it("is replaced without a change of the rest, even repeatedly", async () => {
    const around = (part: string) => `# Title\n\n${begin}\n\n${part}\n\n${end}\n\nThe rest.\n`;
    expect(await put(around("| old |\n"), "| new |\n")).toBe(around("| new |"));
    expect(await put(around("| new |"), "\n    indented\n")).toBe(around("    indented"));
  });

  it("may contain dollar signs", async () => {
    expect(await put(`${begin}\n${end}`, "$& costs $1")).toBe(`${begin}\n\n$& costs $1\n\n${end}`);
  });

  it.each([
    { id: "no marker", document: "text" },
    {
      id: "the markers of another bench",
      document: begin.replace("cost", "trace") + end.replace("cost", "trace"),
    },
    { id: "no begin marker", document: end },
    { id: "the end marker first", document: `${end}\n${begin}` },
    { id: "each marker twice", document: `${begin}${end}${begin}${end}` },
  ])("is refused without a change of the document: $id", async ({ document }) => {
    await expect(put(document, "new")).rejects.toThrow(/needs one line .+ and, below it, one line/);
    expect(await readFile(path, "utf8")).toBe(document);
  });
});
