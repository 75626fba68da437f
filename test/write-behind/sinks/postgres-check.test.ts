// Tests the checks of a sink over Postgres before its first chunk, and the errors of its statements.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sqlSink } from "../../../src/sinks.ts";
import type { SinkError } from "../../../src/write-behind/sinks/sink-error.ts";
import { add, bufferSet, counterSet } from "../../../testing/write-behind/set-under-test.ts";
import { postgresWorld, type SinkWorld } from "../../../testing/write-behind/sink-worlds.ts";

const uuid = "0b6a1c5e-3f0f-4c9e-8a55-0d9a0c1f2e3d";

describe("a sink over Postgres", () => {
  let world: SinkWorld;
  beforeAll(async () => {
    world = await postgresWorld();
    await world.exec(`CREATE TABLE pages (id uuid PRIMARY KEY, "Path" varchar(50) UNIQUE, views bigint, likes integer, note text);
INSERT INTO pages (id, "Path") VALUES ('${uuid}', '/a');`);
  });
  afterAll(() => world.stop());

  it("refuses integer columns for counters, and names the statement that widens them", async () => {
    const into = { table: "pages", key: "id", value: "likes", keyType: "uuid" } as const;
    const { apply, held } = counterSet(world.counters({ into }));
    await expect(apply(1, [add(uuid, 1)])).rejects.toThrow(
      'The sink cannot use the table "pages". Its column "likes" has the type integer, which cannot hold every value of a counter. ' +
        'Run this SQL: ALTER TABLE "pages" ALTER COLUMN "likes" TYPE bigint;',
    );
    await world.exec('ALTER TABLE "pages" ALTER COLUMN "likes" TYPE bigint;');
    await apply(1, [add(uuid, 3_000_000_000)]);
    expect(await held(uuid)).toEqual({ [uuid]: 3_000_000_000 });
  });

  it("refuses a key column of another type, and names the option that fits", async () => {
    const into = { table: "pages", key: "id", value: "views" } as const;
    const { apply } = counterSet(world.counters({ into }));
    await expect(apply(1, [add(uuid, 1)])).rejects.toThrow(
      'column "id" has the type uuid, and `keyType` is "text". Set `keyType: "uuid"` in `into`.',
    );
  });

  it("accepts a uuid column for keys, and a column whose name contains a capital letter", async () => {
    const counter = counterSet(
      world.counters({ into: { table: "pages", key: "id", value: "views", keyType: "uuid" } }),
    );
    await counter.apply(1, [add(uuid, 2), add("no uuid", 1)]);
    expect(await counter.held(uuid, "no uuid")).toEqual({ [uuid]: 2 });
    const buffer = bufferSet(
      world.buffers({ into: { table: "pages", key: "Path", value: "note" } }),
    );
    await buffer.apply(1, [{ key: "/a", value: "v" }]);
    expect(await buffer.held("/a")).toEqual({ "/a": "v" });
  });

  it("names in an error the statement, the code and the constraint, and no key", async () => {
    await world.exec(
      "ALTER TABLE tidemark_counters ADD CONSTRAINT no_people CHECK (key NOT LIKE '%@%');",
    );
    const { apply } = counterSet(world.counters());
    const error = await apply(1, [add("ann@example.com", 1)]).catch((cause: unknown) => cause);
    const { safeDetail } = error as SinkError;
    expect(safeDetail).toMatch(/check constraint "no_people" \(23514\).* SQL: WITH moved AS/);
    expect(safeDetail).not.toMatch(/ann/);
  });
});

it("a sink over Postgres refuses an encoding other than UTF8, and sends no chunk", async () => {
  const sent: string[] = [];
  const sink = sqlSink({
    async query(sql) {
      sent.push(sql);
      return { rows: [{ kind: "encoding", key: null, value: "LATIN1" }] };
    },
  });
  await expect(counterSet(sink).apply(1, [add("a", 1)])).rejects.toThrow(
    /Its encoding is LATIN1.*ENCODING 'UTF8'/,
  );
  expect(sent).toHaveLength(1);
});
