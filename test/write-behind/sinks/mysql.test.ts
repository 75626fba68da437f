// Runs the contract tests and further tests against a sink over MySQL. The server is MariaDB.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isMariadbInstalled } from "../../../testing/fakes/mariadb-server.ts";
import { MysqlWorld } from "../../../testing/write-behind/mysql-world.ts";
import { add, counterSet, reset } from "../../../testing/write-behind/set-under-test.ts";
import { describeSinks } from "./sink-contract.ts";
import { describeSqlSinks } from "./sql-sink-contract.ts";

const alike = ["A", "a", "a ", "a  ", "á", "\u0001", "😀"];

describe.skipIf(!isMariadbInstalled)("on MariaDB", () => {
  let world: MysqlWorld;
  beforeAll(async () => {
    world = await MysqlWorld.start();
  });
  afterAll(() => world.stop());

  describeSinks("MySQL", async () => ({
    counters: world.counters(),
    buffers: world.buffers(),
    stop: async () => undefined,
  }));
  describeSqlSinks("MySQL", () => MysqlWorld.start());

  it("distinguishes keys that collations treat as equal", async () => {
    const { apply, held, top } = counterSet(world.counters());
    await apply(
      1,
      alike.map((key, index) => add(key, index + 1)),
    );
    await apply(
      2,
      alike.map((key) => add(key, 10)),
    );
    const expected = alike.map((key, index) => [key, index + 11] as const);
    expect(await held(...alike)).toEqual(Object.fromEntries(expected));
    expect(await top(9)).toEqual(expected.toReversed());
    await apply(3, [reset("a ", 0)]);
    expect(await held("A", "a", "a ", "a  ")).toEqual({ A: 11, a: 12, "a  ": 14 });
  });

  it("keeps a byte order mark at the start of a key", async () => {
    const { apply, held, mark } = counterSet(world.counters());
    await apply(1, [add("\ufeffa", 2)], "\ufeffa");
    expect(await held("\ufeffa", "a")).toEqual({ "\ufeffa": 2 });
    expect(await mark()).toEqual({ slice: 1, key: "\ufeffa" });
  });

  it("accepts a chunk of 1,000 rows with the longest keys, and refuses a longer key", async () => {
    const { apply, read, held } = counterSet(world.counters());
    const keys = Array.from(
      { length: 1_000 },
      (_, index) => `${"\u0001".repeat(508)}${1_000 + index}`,
    );
    const chunk = keys.map((key) => add(key, 1));
    await apply(1, chunk);
    await apply(2, chunk);
    const { values } = await read(...keys);
    expect(values.size).toBe(1_000);
    expect(new Set(values.values())).toEqual(new Set([2]));
    const tooLong = apply(3, [add("a", 1), add("l".repeat(513), 1)]);
    await expect(tooLong).rejects.toMatchObject({ refusesRow: true });
    expect(await held("a")).toEqual({});
  });

  it("counts by uuid", async () => {
    const uuid = "0b6a1c5e-3f0f-4c9e-8a55-0d9a0c1f2e3d";
    await world.exec(`CREATE TABLE pages (id UUID PRIMARY KEY, views BIGINT)
INSERT INTO pages VALUES ('${uuid}', 1)`);
    const into = { table: "pages", key: "id", value: "views", keyType: "uuid" } as const;
    const { apply, held, top } = counterSet(world.counters({ into }));
    await apply(1, [add(uuid, 2), add(uuid.toUpperCase(), 2)]);
    expect(await held(uuid)).toEqual({ [uuid]: 3 });
    expect(await top(1)).toEqual([[uuid, 3]]);
  });
});
