// Tests the types of keys.
import { expect, it } from "vitest";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";

it("objects and nested lists do not compile as keys, and are refused", async () => {
  const { data } = new DataIsolate({ upstash: null });
  const any = data.namespace<string>("any", { fresh: "1m" });
  const calls = [
    // @ts-expect-error an object
    () => any.get({ id: 1 }),
    // @ts-expect-error a nested list
    () => any.getOrSet([["a"], "b"], () => "v"),
    // @ts-expect-error a date
    () => any.set(new Date(0), "v"),
    // @ts-expect-error a list of objects
    () => any.getOrSetMany([[{ id: 1 }]], () => new Map()),
    // @ts-expect-error a big integer
    () => any.delete(1n),
  ];
  for (const call of calls) await expect(call()).rejects.toThrow("strings and numbers");
  // @ts-expect-error keys that are objects
  data.namespace<string, { readonly id: number }>("of-objects", { fresh: "1m" });
  // @ts-expect-error keys that are nested lists
  data.namespace<string, readonly (readonly string[])[]>("of-lists", { fresh: "1m" });
});
