// Opens new databases with the empty tables of sinks: D1 in workerd, SQLite and Postgres.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PGlite } from "@electric-sql/pglite";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import packageJson from "../../package.json" with { type: "json" };
import { root } from "../../local/bundling.ts";
import { compatibilityDate } from "../../local/colo.ts";
import type { LibsqlConnection } from "../../src/write-behind/sinks/sql-sink.ts";
import type { SinkOptions } from "../../src/write-behind/sinks/sink-table.ts";
import type { BufferSink, CounterSink } from "../../src/write-behind/sinks/sink.ts";
import {
  d1BufferSink,
  d1Sink,
  sinkSchema,
  sqlBufferSink,
  type SqlConnection,
  sqlSink,
} from "../../src/sinks.ts";

export interface SinkWorld {
  readonly dialect: "sqlite" | "postgres";
  counters(options?: SinkOptions): CounterSink;
  buffers(options?: SinkOptions): BufferSink;
  /** @param sql statements, one per line */
  exec(sql: string): Promise<void>;
  rows(sql: string): Promise<readonly unknown[]>;
  stop(): Promise<void>;
}

export async function d1World(): Promise<SinkWorld> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default {};",
      compatibilityDate,
      d1Databases: ["DB"],
    }),
  );
  const db = await runtime.getD1Database("DB");
  await db.exec(sinkSchema({ of: "sqlite" }));
  return {
    dialect: "sqlite",
    counters: (options) => d1Sink(db, options),
    buffers: (options) => d1BufferSink(db, options),
    exec: async (sql) => void (await db.exec(sql)),
    rows: async (sql) => (await db.prepare(sql).all()).results,
    stop: () => runtime.dispose(),
  };
}

export async function sqliteWorld(): Promise<SinkWorld> {
  const db = new DatabaseSync(":memory:");
  return sqliteWorldOver(db, db);
}

/** Opens SQLite behind the interface of `@libsql/client`. libSQL has the dialect of SQLite. */
export async function libsqlWorld(): Promise<SinkWorld> {
  const db = new DatabaseSync(":memory:");
  const client: LibsqlConnection = {
    execute: async ({ sql, args }) => ({ rows: db.prepare(sql).all(...args) }),
    async batch(statements) {
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const { sql, args } of statements) db.prepare(sql).run(...args);
        db.exec("COMMIT");
      } catch (cause) {
        db.exec("ROLLBACK");
        throw cause;
      }
    },
  };
  return sqliteWorldOver(db, client);
}

function sqliteWorldOver(db: DatabaseSync, connection: SqlConnection): SinkWorld {
  db.exec(sinkSchema({ of: "sqlite" }));
  return {
    dialect: "sqlite",
    ...sinksOver(connection),
    exec: async (sql) => db.exec(sql),
    rows: async (sql) => db.prepare(sql).all(),
    stop: async () => db.close(),
  };
}

/** A new Postgres as a file, because it is opened in a fifth of the time in which one is created. */
const newPostgres = join(
  root,
  `node_modules/.cache/tidemark-postgres/${packageJson.devDependencies["@electric-sql/pglite"]}.tar`,
);

export async function openPostgres(): Promise<PGlite> {
  const before = await readFile(newPostgres).catch(() => undefined);
  if (before !== undefined) return PGlite.create({ loadDataDir: new Blob([before]) });
  const db = await PGlite.create();
  const dump = await db.dumpDataDir("none");
  await mkdir(dirname(newPostgres), { recursive: true });
  // Another process may read the file or write the same one.
  const written = `${newPostgres}.${randomUUID()}`;
  await writeFile(written, dump.stream());
  await rename(written, newPostgres);
  return db;
}

export async function postgresWorld(): Promise<SinkWorld> {
  const db = await openPostgres();
  await db.exec(sinkSchema({ of: "postgres" }));
  return {
    dialect: "postgres",
    ...sinksOver(db),
    exec: async (sql) => void (await db.exec(sql)),
    rows: async (sql) => (await db.query(sql)).rows,
    stop: () => db.close(),
  };
}

function sinksOver(db: SqlConnection): Pick<SinkWorld, "counters" | "buffers"> {
  return {
    counters: (options) => sqlSink(db, options),
    buffers: (options) => sqlBufferSink(db, options),
  };
}
