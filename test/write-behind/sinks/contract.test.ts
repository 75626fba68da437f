// Runs the contract tests against every sink, and against the sink that docs/sinks.md shows.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sinkSchema, sqlBufferSink } from "../../../src/sinks.ts";
import type { CounterSink } from "../../../src/write-behind/sinks/sink.ts";
import { playsAll } from "../../../testing/histories.ts";
import { filesIn } from "../../package/examples.ts";
import { describeSinks } from "./sink-contract.ts";
import {
  d1World,
  libsqlWorld,
  postgresWorld,
  type SinkWorld,
  sqliteWorld,
} from "../../../testing/write-behind/sink-worlds.ts";

const underTest = (open: () => Promise<SinkWorld>) => async () => {
  const world = await open();
  return { counters: world.counters(), buffers: world.buffers(), stop: () => world.stop() };
};

describeSinks("node:sqlite", underTest(sqliteWorld));
describeSinks("libSQL", underTest(libsqlWorld));
// D1 and Postgres take long to start. In `npm test`, sql.test.ts uses both.
if (playsAll) {
  describeSinks("D1", underTest(d1World));
  describeSinks("Postgres", underTest(postgresWorld));
}

/** The recipe has no sink of buffers. */
async function documentedWorld() {
  const page = await readFile(new URL("../../../docs/sinks.md", import.meta.url), "utf8");
  const [{ name, content } = { name: "", content: "" }] = filesIn(page);
  const folder = await mkdtemp(join(tmpdir(), "tidemark-own-sink-"));
  await writeFile(join(folder, name), content);
  const { ownSink } = (await import(join(folder, name))) as {
    ownSink: (db: DatabaseSync) => CounterSink;
  };
  const db = new DatabaseSync(":memory:");
  db.exec(sinkSchema({ of: "sqlite" }));
  const stop = async () => {
    db.close();
    await rm(folder, { recursive: true });
  };
  return { counters: ownSink(db), buffers: sqlBufferSink(db), stop };
}

describeSinks("a database of its own, as docs/sinks.md shows", documentedWorld);
