// Runs the examples of docs/frameworks.md, each in its own process. They must print the output that the
// comments after `console.log` state.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { newerNode } from "../package/commands.ts";
import { filesIn } from "../package/examples.ts";

/** Adapters whose page and example have tests of their own. */
const onOwnPage = new Set(["./next", "./opennext", "./astro"]);

const page = await readFile(new URL("../../docs/frameworks.md", import.meta.url), "utf8");
const examples = filesIn(page);

/** Returns the address of the module that replaces an installed package. */
function addressOf(name: string): string {
  const entry = manifest.exports[name.replace("tidemark", ".") as "./cachified"] as
    | { readonly types: string }
    | undefined;
  if (entry === undefined) return import.meta.resolve(name);
  const source = entry.types.replace("./dist/types/", "../../src/").replace(".d.ts", ".ts");
  return new URL(source, import.meta.url).href;
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-frameworks-"));
  for (const { name, content } of examples) {
    const runnable = content.replaceAll(
      / from "([^"]+)";/g,
      (_, of: string) => ` from "${addressOf(of)}";`,
    );
    await writeFile(join(folder, name), runnable);
  }
});
afterAll(() => rm(folder, { recursive: true }));

const printedBy = (content: string) =>
  [...content.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, said = ""]) => said);

describe("docs/frameworks.md", () => {
  it("has an example with output for each adapter", () => {
    const adapters = Object.entries(manifest.exports).flatMap(([name, one]) =>
      typeof one === "object" && one.types.includes("/adapters/") && !onOwnPage.has(name)
        ? [one.types]
        : [],
    );
    expect(examples.map(({ content }) => printedBy(content).length > 0)).toEqual(
      adapters.map(() => true),
    );
    expect(adapters.length).toBeGreaterThan(0);
  });

  it.each(examples)("states the output of $name", async ({ name, content }) => {
    const run = `await import(${JSON.stringify(join(folder, name))}); process.exit();`;
    const env = { ...process.env, NO_COLOR: "1" };
    const parameters = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", run];
    const { stdout } = await promisify(execFile)(newerNode, parameters, { env });
    expect(stdout.trim().split("\n")).toEqual(printedBy(content));
  });
});
