// Runs the examples of docs/data-patterns.md, each in its own process. They must print the output
// that the comments after `console.log` state.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { newerNode } from "../package/commands.ts";
import { filesIn } from "../package/examples.ts";

const page = await readFile(new URL("../../docs/data-patterns.md", import.meta.url), "utf8");
const files = filesIn(page);
const examples = files.filter(({ name }) => name !== "store.ts");

/** The modules that replace the installed packages. */
const here: Readonly<Record<string, string>> = {
  "tidemark/node": new URL("../../src/node-cache.ts", import.meta.url).href,
  ioredis: import.meta.resolve("ioredis"),
  "./store.js": "./store.ts",
};

const runnable = (content: string) =>
  content.replaceAll(/ from "([^"]+)";/g, (_, name: string) => ` from "${here[name] ?? name}";`);

const running = new Running();
let folder = "";
let redis: EmbeddedValkey;
beforeAll(async () => {
  redis = await running.add(startEmbeddedValkey());
  folder = await mkdtemp(join(tmpdir(), "tidemark-examples-"));
  await running.add(Promise.resolve({ stop: () => rm(folder, { recursive: true }) }));
  for (const { name, content } of files) await writeFile(join(folder, name), runnable(content));
});
afterAll(() => running.stop());

const printedBy = (content: string) =>
  [...content.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, said = ""]) => said);

describe("docs/data-patterns.md", () => {
  it("has short examples, each with its output", () => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const { name, content } of examples) {
      expect([name, printedBy(content).length > 0]).toEqual([name, true]);
      const lines = content.split("\n").filter((line) => line !== "" && !line.startsWith("import"));
      expect([name, lines.length <= 10]).toEqual([name, true]);
    }
  });

  it.each(examples)("states the output of $name", async ({ name, content }) => {
    const run = `await import(${JSON.stringify(join(folder, name))}); process.exit();`;
    const env = { ...process.env, REDIS_URL: redis.url, NO_COLOR: "1" };
    const parameters = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", run];
    const { stdout } = await promisify(execFile)(newerNode, parameters, { env });
    const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith('{"'));
    expect(lines).toEqual(printedBy(content));
  });
});
