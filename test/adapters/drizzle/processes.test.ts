// Tests the query cache in two processes with one Redis, and runs the example of docs/drizzle.md.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import { Running } from "../../../local/running.ts";
import { openFile } from "../../../testing/drizzle/writer.ts";
import { newerNode } from "../../package/commands.ts";
import { filesIn } from "../../package/examples.ts";

const running = new Running();
let folder = "";
let valkey: EmbeddedValkey;
beforeAll(async () => {
  valkey = await running.add(startEmbeddedValkey());
  folder = await mkdtemp(join(tmpdir(), "tidemark-drizzle-"));
  await running.add(Promise.resolve({ stop: () => rm(folder, { recursive: true }) }));
});
afterAll(() => running.stop());

const urlOf = (path: string) => new URL(`../../../${path}`, import.meta.url).href;

const run = (...parameters: string[]) => {
  const env = { ...process.env, REDIS_URL: valkey.url, NO_COLOR: "1" };
  return promisify(execFile)(newerNode, ["--no-warnings", ...parameters], { env });
};

it("a write in one process covers the results in another", async () => {
  const path = join(folder, "articles.db");
  const redis = await running.add(
    Promise.resolve(new Redis(valkey.url)).then((client) =>
      Object.assign(client, { stop: async () => void (await client.quit()) }),
    ),
  );
  const file = openFile(path, redis);
  file.exec("CREATE TABLE articles (id INTEGER, title TEXT)");
  file.exec("INSERT INTO articles VALUES (42, 'Tides'), (43, 'Ebb')");
  expect(await file.read()).toHaveLength(2);
  file.exec("UPDATE articles SET title = 'Unseen'");
  expect(await file.read()).toEqual([
    { id: 42, title: "Tides" },
    { id: 43, title: "Ebb" },
  ]);
  await run(new URL(urlOf("testing/drizzle/writer.ts")).pathname, path, valkey.url);
  const boundMs = Date.now() + 10_000;
  let rows = await file.read();
  while (rows.length > 1 && Date.now() < boundMs) rows = await file.read();
  expect(rows).toEqual([{ id: 42, title: "Unseen" }]);
  file.close();
});

it("the example of the page prints what it says", async () => {
  const page = await readFile(new URL(urlOf("docs/drizzle.md")), "utf8");
  const [{ name, content } = { name: "", content: "" }] = filesIn(page);
  const here: Readonly<Record<string, string>> = {
    "tidemark/drizzle": urlOf("src/adapters/drizzle/query-cache.ts"),
    "tidemark/node": urlOf("src/node-cache.ts"),
  };
  const runnable = content.replaceAll(
    / from "([^"]+)";/g,
    (_, from: string) => ` from "${here[from] ?? import.meta.resolve(from)}";`,
  );
  await writeFile(join(folder, name), runnable);
  const script = `await import(${JSON.stringify(join(folder, name))}); process.exit();`;
  const { stdout } = await run("--input-type=module", "-e", script);
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith('{"'));
  const said = [...content.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
  expect(said).toHaveLength(2);
  expect(lines).toEqual(said);
});
