// Runs each MySQL example of docs/sinks.md in a separate process, with MariaDB.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isMariadbInstalled } from "../../../testing/fakes/mariadb-server.ts";
import { MysqlWorld } from "../../../testing/write-behind/mysql-world.ts";
import { newerNode } from "../../package/commands.ts";

const page = await readFile(new URL("../../../docs/sinks.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)]
  .map(([, content = ""]) => content)
  .filter((content) => / from "(?:mysql2|mariadb|drizzle-orm|kysely)/.test(content))
  .map((content, index) => ({ name: `example-${index}.ts`, content }));

const sinks = new URL("../../../src/sinks.ts", import.meta.url).href;
const placeOf = (name: string) => (name === "tidemark/sinks" ? sinks : import.meta.resolve(name));
const runnable = (content: string) =>
  content.replaceAll(/ from "([^"]+)";/g, (_, name: string) => ` from "${placeOf(name)}";`);

describe.skipIf(!isMariadbInstalled)("docs/sinks.md", () => {
  let world: MysqlWorld;
  let folder = "";
  beforeAll(async () => {
    world = await MysqlWorld.start();
    folder = await mkdtemp(join(tmpdir(), "tidemark-sinks-"));
  });
  afterAll(async () => {
    await world.stop();
    await rm(folder, { recursive: true });
  });

  it("has four examples for MySQL", () => {
    expect(examples).toHaveLength(4);
  });

  it.each(examples)("has an example that counts an add: $name", async ({ name, content }) => {
    const chunk = { set: name, slice: 1, mark: { slice: 1, key: null } };
    const use = `const changes = [{ key: "moon", by: 2, isReset: false }];
await sink.apply({ ...${JSON.stringify(chunk)}, changes });
console.log(JSON.stringify(await sink.top("${name}", 1)));
process.exit();`;
    const path = join(folder, name);
    await writeFile(path, `${runnable(content)}${use}`);
    const env = { ...process.env, DATABASE_URL: world.url };
    const { stdout } = await promisify(execFile)(newerNode, ["--no-warnings", path], { env });
    expect(stdout).toBe('[["moon",2]]\n');
  });
});
