// One definition for each name, and a bound on names.
import { expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";

const opened = () => new DataIsolate({ upstash: null }).data;

it("the same options return the same namespace, with the functions of the last call", async () => {
  const data = opened();
  const load = (version: string) => (keys: readonly number[]) =>
    new Map(keys.map((key) => [key, `${version} ${key}`]));
  const of = (version: string, fresh: "60s" | "1m") =>
    data.namespace<string, number>("rates", {
      fresh,
      tags: ["rates"],
      load: load(version),
      codec: { name: "own", encode: String, decode: String },
    });
  const first = of("old", "60s");
  const second = of("new", "1m");
  expect(second).toBe(first);
  expect(await first.getOrSet(1)).toBe("new 1");
});

it.each([
  { id: "a lifetime", options: { fresh: "2m" }, why: "fresh differ" },
  { id: "tags", options: { tags: ["b"] }, why: "tags differ" },
  { id: "tags by a function", options: { tags: () => ["a"] }, why: "tags differ" },
  {
    id: "a schema and a codec",
    options: { schema: 2, codec: { name: "own", encode: String, decode: String } },
    why: "schema, codec differ",
  },
  { id: "a load", options: { load: () => new Map() }, why: "load differ" },
  { id: "a time-out", options: { hardTimeoutMs: 1 }, why: "hardTimeoutMs differ" },
])("$id of its own is refused under the same name", async ({ options, why }) => {
  const data = opened();
  const given = { fresh: "1m", tags: ["a"] } as const;
  const first = data.namespace<string>("rates", given);
  const again = () => data.namespace<string>("rates", { ...given, ...options } as never);
  expect(again).toThrow(`The cache already has this namespace with other options: `);
  expect(again).toThrow(why);
  expect(await first.getOrSet("1", () => "v")).toBe("v");
});

it("a thousand names fit, and another is refused with what to do instead", () => {
  const data = opened();
  for (let nth = 0; nth < 1_000; nth += 1) data.namespace(`of-user-${nth}`, { fresh: "1m" });
  expect(() => data.namespace("of-user-1000", { fresh: "1m" })).toThrow(
    'The cache already has 1000 namespaces, which is the limit, because they stay in memory. Put the part that varies into keys, such as ["tenant-7", 42]',
  );
  expect(() => data.namespace("of-user-7", { fresh: "1m" })).not.toThrow();
});
