// Tests that a namespace's name has one definition, and that the number of names is limited.
import { expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

const opened = () => new DataIsolate({ upstash: null }).data;
const codec = { name: "own", encode: String, decode: String };

it("the same options return the same namespace, with the functions of the last call", async () => {
  const data = opened();
  const of = (version: string, fresh: "60s" | "1m") => {
    const load = (keys: readonly number[]) =>
      new Map(keys.map((key) => [key, `${version} ${key}`]));
    return data.namespace<string, number>("rates", { fresh, tags: ["rates"], load, codec });
  };
  const first = of("old", "60s");
  expect(of("new", "1m")).toBe(first);
  expect(await first.getOrSet(1)).toBe("new 1");
});

it.each([
  { options: { fresh: "2m" }, why: "fresh differ" },
  { options: { tags: ["b"] }, why: "tags differ" },
  { options: { tags: () => ["a"] }, why: "other options: tags differ" },
  { options: { schema: 2, codec }, why: "schema, codec differ" },
  { options: { load: () => new Map() }, why: "load differ" },
  { options: { hardTimeoutMs: 1 }, why: "hardTimeoutMs differ" },
])("other options under the same name are refused: $why", async ({ options, why }) => {
  const data = opened();
  const given = { fresh: "1m", tags: ["a"] } as const;
  const first = data.namespace<string>("rates", given);
  const again = () => data.namespace<string>("rates", { ...given, ...options } as never);
  expect(again).toThrow(`The cache already has this namespace with other options: `);
  expect(again).toThrow(why);
  expect(await first.getOrSet("1", () => "v")).toBe("v");
});

it("a cache has up to a thousand namespaces, and refuses another with a hint", () => {
  const data = opened();
  for (let nth = 0; nth < 1_000; nth += 1) data.namespace(`of-user-${nth}`, { fresh: "1m" });
  expect(() => data.namespace("of-user-1000", { fresh: "1m" })).toThrow(
    'The cache already has 1000 namespaces, which is the limit, because they stay in memory. Put the part that varies into keys, such as ["tenant-7", 42]',
  );
  expect(() => data.namespace("of-user-7", { fresh: "1m" })).not.toThrow();
});
