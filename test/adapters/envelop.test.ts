// Tests `tidemark/envelop` with the plugins of Envelop and GraphQL Yoga: purges during an execution, mutations, lifetimes, and outages.
import { createRequire } from "node:module";
import { envelop, useEngine, useSchema } from "@envelop/core";
import { useResponseCache } from "@envelop/response-cache";
import { useResponseCache as yogaResponseCache } from "@graphql-yoga/plugin-response-cache";
import type * as Graphql from "graphql";
import { createYoga } from "graphql-yoga";
import { describe, expect, it, vi } from "vitest";
import { responseCache, type ResponseCacheOptions } from "../../src/adapters/envelop.ts";
import { DataIsolate, HeldSource } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

/** The same copy of the module that the plugin imports. */
const graphql = createRequire(import.meta.url)("graphql") as typeof Graphql;

const types = `
  type Article { id: ID!, title: String! }
  type Query { article(id: ID!): Article }
  type Mutation { rename(id: ID!): Article }
`;
const schema = graphql.buildSchema(types);
const query = '{ article(id: "42") { id title } }';

interface Given extends Partial<ResponseCacheOptions> {
  readonly title: () => string | Promise<string>;
  readonly ttl?: number;
}

/** Opens a server, whose articles all have this title. */
function opened({ title, ttl = 60_000, ...options }: Given, isolate = new DataIsolate()) {
  const namespace = isolate.data.namespace<object>("graphql", { fresh: "1d", stale: "1h" });
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const cache = responseCache({ data: isolate.data, namespace, onError, ...options });
  const getEnveloped = envelop({
    plugins: [
      useEngine(graphql),
      useSchema(schema),
      useResponseCache({ session: () => null, cache, ttl, includeExtensionMetadata: true }),
    ],
  });
  const article = async ({ id }: { readonly id: string }) => ({ id, title: await title() });
  const run = async (text = query) => {
    const { parse, contextFactory, execute } = getEnveloped({});
    const contextValue = await contextFactory();
    const rootValue = { article, rename: article };
    const result = await execute({ schema, document: parse(text), contextValue, rootValue });
    await idle();
    return result as { data: { article: { title: string } }; extensions: object };
  };
  const ask = async () => (await run()).data.article.title;
  return { isolate, namespace, cache, errors, run, ask };
}

it("answers other processes with the stored result", async () => {
  const { isolate, ask, run, errors } = opened({ title: () => "Tides" });
  expect(await ask()).toBe("Tides");
  const elsewhere = opened({ title: () => "executed" }, isolate.elsewhere());
  expect(await elsewhere.ask()).toBe("Tides");
  expect((await run()).extensions).toEqual({ responseCache: { hit: true } });
  expect([...errors, ...elsewhere.errors]).toEqual([]);
});

it.each([{ tags: ["Article:42"] }, { tags: ["Article"] }, { prefixes: ["graphql"] }])(
  "the purge %j during an execution covers its result, although calls looked up after it",
  async (order) => {
    const source = new HeldSource();
    const { isolate, ask } = opened({ title: source.load });
    const first = ask();
    await until(() => source.count === 1);
    await isolate.elsewhere().data.purge(order);
    isolate.clock.advance(10);
    const second = ask();
    await until(() => source.count === 2);
    // The second call ends first.
    source.answer("old");
    expect(await first).toBe("old");
    expect(await opened({ title: () => "executed" }, isolate.elsewhere()).ask()).toBe("executed");
    source.answer("new");
    expect(await second).toBe("new");
    isolate.clock.advance(10);
    const found = [
      opened({ title: source.load }, isolate),
      opened({ title: source.load }, isolate.elsewhere()),
    ];
    for (const { ask: askAgain } of found) expect(["new", "executed"]).toContain(await askAgain());
  },
);

it("a mutation ends the results with its entity in all processes, and no others", async () => {
  const titles = { "42": "old" };
  const { isolate, run, ask, errors } = opened({ title: () => titles["42"] });
  const elsewhere = opened({ title: () => titles["42"] }, isolate.elsewhere());
  const other = '{ article(id: "7") { id title } }';
  await run(other);
  expect([await ask(), await elsewhere.ask()]).toEqual(["old", "old"]);
  titles["42"] = "new";
  await run('mutation { rename(id: "42") { id title } }');
  expect(await ask()).toBe("new");
  isolate.clock.advance(10);
  expect(await elsewhere.ask()).toBe("new");
  expect((await run(other)).data.article.title).toBe("old");
  expect(errors).toEqual([]);
});

it.each([
  { ttl: 60_000, gone: 60 },
  { ttl: Infinity, gone: 86_400 },
  { ttl: 1e300, gone: 31_536_000 },
])("a result with ttl $ttl ends after $gone s", async ({ ttl, gone }) => {
  const title = vi.fn<() => string>(() => "Tides");
  const { isolate, ask } = opened({ title, ttl });
  await ask();
  isolate.clock.advance(gone - 1);
  await ask();
  expect(title).toHaveBeenCalledTimes(1);
  isolate.clock.advance(1);
  await ask();
  expect(title).toHaveBeenCalledTimes(2);
});

it("a soft purge ends a result", async () => {
  const title = vi.fn<() => string>(() => "Tides");
  const { isolate, ask } = opened({ title });
  await ask();
  await isolate.data.purge({ tags: ["Article:42"], soft: true });
  for (let times = 0; times < 2; times += 1) await ask();
  expect(title).toHaveBeenCalledTimes(2);
});

describe("errors", () => {
  it("without Redis, operations are executed, and onError receives the refused purge", async () => {
    const { isolate, ask, run, errors } = opened({ title: () => "Tides" });
    isolate.upstash.mode = "down";
    expect(await ask()).toBe("Tides");
    expect(errors).toEqual([]);
    await run('mutation { rename(id: "42") { id } }');
    await until(() => errors.length > 0);
    expect(errors.map(String)).toEqual([expect.stringContaining("The purge was not accepted")]);
  });

  it("a set without a lookup of the same context is not stored, and says so", async () => {
    const { cache, errors } = opened({ title: () => "Tides" });
    expect(await cache.get("a")).toBeUndefined();
    await cache.set("a", { data: {} }, [], 60_000);
    await cache().set("a", { data: {} }, [], 60_000);
    expect(await cache.get("a")).toBeUndefined();
    expect(errors.map(String)).toEqual(Array(2).fill(expect.stringContaining("start of its load")));
  });
});

it("entities with ids of any length are purged, together with others", async () => {
  const isolate = new DataIsolate();
  let title = "old";
  const { cache, run, ask, errors } = opened({ title: () => title }, isolate);
  const long = `{ article(id: "${"x".repeat(300)}") { id title } }`;
  expect([(await run(long)).data.article.title, await ask()]).toEqual(["old", "old"]);
  title = "new";
  expect([(await run(long)).data.article.title, await ask()]).toEqual(["old", "old"]);
  const entities = ["x".repeat(300), "42"].map((id) => ({ typename: "Article", id }));
  await cache().invalidate(entities);
  expect([(await run(long)).data.article.title, await ask()]).toEqual(["new", "new"]);
  expect(errors).toEqual([]);
});

it("waitUntil receives stores and purges", async () => {
  const works: Promise<void>[] = [];
  const { run, ask } = opened({ title: () => "a", waitUntil: (work) => void works.push(work) });
  await ask();
  await run('mutation { rename(id: "42") { id } }');
  expect(works).toHaveLength(2);
  await Promise.all(works);
});

it("GraphQL Yoga answers from the cache, also a client that has the result, until a purge", async () => {
  const isolate = new DataIsolate();
  const namespace = isolate.data.namespace<object>("graphql", { fresh: "1d" });
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  let reads = 0;
  const ofYoga = graphql.buildSchema(types);
  const field = ofYoga.getQueryType()?.getFields()["article"] as { resolve?: object };
  field.resolve = (_: unknown, { id }: { readonly id: string }) => ({
    id,
    title: `v${(reads += 1)}`,
  });
  const yoga = createYoga({
    schema: ofYoga,
    logging: false,
    plugins: [
      yogaResponseCache({
        session: () => null,
        cache: responseCache({ data: isolate.data, namespace, onError }),
      }),
    ],
  });
  const ask = async (headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ query });
    const fields = { "content-type": "application/json", ...headers };
    const response = await yoga.fetch("http://yoga/graphql", {
      method: "POST",
      headers: fields,
      body,
    });
    await idle();
    const etag = response.headers.get("etag") ?? "";
    return { status: response.status, text: await response.text(), etag };
  };
  const { text, etag } = await ask();
  expect(text).toContain('"title":"v1"');
  expect((await ask()).text).toContain('"title":"v1"');
  expect((await ask({ "if-none-match": etag })).status).toBe(304);
  await isolate.data.purge({ tags: ["Article:42"] });
  const after = await ask({ "if-none-match": etag });
  expect([after.status, after.text]).toEqual([200, expect.stringContaining('"title":"v2"')]);
  expect(errors).toEqual([]);
});

it("a result may be changed in place, on a miss and on each hit, and no other reader gets the change", async () => {
  const { run, errors } = opened({ title: () => "Tides" });
  for (const _ of [1, 2, 3]) {
    const { data } = await run();
    expect(data).toEqual({ article: { id: "42", title: "Tides" } });
    data.article.title += "!";
    Object.assign(data, { added: true });
  }
  expect(errors).toEqual([]);
});
