// Runs the MySQL example of docs/sinks.md, and one of each library that it names. Each runs in a
// separate process, with MariaDB.
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
const ofPage = [...page.matchAll(/^```ts\n(.*?)^```$/gms)]
  .map(([, content = ""]) => content)
  .filter((content) => content.includes(' from "mysql2'));

const drizzle = `import { drizzle } from "drizzle-orm/mysql2";
import { sqlSink } from "tidemark/sinks";

const db = drizzle(process.env.DATABASE_URL ?? "");
const sink = sqlSink(db.$client);
`;

const kysely = `import { Kysely, MysqlDialect } from "kysely";
import { createPool } from "mysql2";
import { sqlSink } from "tidemark/sinks";

const pool = createPool(process.env.DATABASE_URL ?? "");
const db = new Kysely({ dialect: new MysqlDialect({ pool }) });
const sink = sqlSink(pool);
`;

const prisma = `import { PrismaMariaDb } from "@prisma/adapter-mariadb";
import { createPool } from "mariadb";
import { sqlSink } from "tidemark/sinks";

const url = process.env.DATABASE_URL ?? "";
const pool = createPool(url.replace("mysql:", "mariadb:"));
const adapter = new PrismaMariaDb(pool);
const sink = sqlSink(pool);
`;

const examples = [...ofPage, drizzle, kysely, prisma].map((content, index) => ({
  name: `example-${index}.ts`,
  content,
}));

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

  it("has an example for MySQL", () => {
    expect(ofPage).toHaveLength(1);
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
