// Tests that a Node process ends by itself after it has purged and closed its connection.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import { newerNode } from "../../package/commands.ts";

let redis: EmbeddedValkey;
beforeAll(async () => {
  redis = await startEmbeddedValkey();
});
afterAll(() => redis.stop());

const here = new URL("../../../src/node-cache.ts", import.meta.url).href;
const behind = new URL("../../../src/write-behind/write-behind.ts", import.meta.url).href;
const ioredis = import.meta.resolve("ioredis");

/**
 * @returns the printed lines. Read-backs are due after 20 s, and the process must end within 15 s
 */
async function printedBy(lines: string): Promise<string[]> {
  const program = `
    import { Redis } from ${JSON.stringify(ioredis)};
    import { context, createDataCache, settled } from ${JSON.stringify(here)};
    import { writeBehind } from ${JSON.stringify(behind)};
    const redis = new Redis(${JSON.stringify(redis.url)});
    const cache = createDataCache({ redis, namespace: "ends", purge: { maxLagSeconds: 60 } });
    ${lines}`;
  const parameters = [
    "--disable-warning=ExperimentalWarning",
    "--input-type=module",
    "-e",
    program,
  ];
  const { stdout } = await promisify(execFile)(newerNode, parameters, { timeout: 120_000 });
  return stdout.trim().split("\n");
}

it("a process ends although read-backs of its purges are pending", async () => {
  const printed = await printedBy(`
    const { position } = await cache.purge({ tags: ["red"] });
    await cache.namespace("articles", { fresh: "1m" }).delete("42");
    await redis.quit();
    console.log("has purged", typeof position);`);
  expect(printed).toEqual(["has purged string"]);
});

it("a process ends although a load hangs whose caller has left", async () => {
  const printed = await printedBy(`
    const articles = cache.namespace("articles", { fresh: "1m", hardTimeoutMs: 60_000 });
    const hung = () => new Promise(() => undefined);
    const callers = [new AbortController(), new AbortController()];
    const calls = callers.map(({ signal }) => articles.getOrSet("42", hung, { signal }));
    setTimeout(() => callers.forEach((caller) => caller.abort(new Error("left"))), 200);
    const left = await Promise.allSettled(calls);
    await redis.quit();
    console.log(...left.map(({ reason }) => reason.message));`);
  expect(printed).toEqual(["left left"]);
}, 20_000);

it("settled() waits until Redis has the changes that a counter has gathered", async () => {
  const printed = await printedBy(`
    const sets = writeBehind(cache);
    const ignored = async () => undefined;
    const views = sets.counter("views", { sink: { apply: ignored, read: ignored, top: ignored } });
    views.add("42");
    await settled();
    const { accepted, lost } = sets.stats().views;
    await redis.quit();
    console.log("accepted", accepted, "lost", lost);`);
  expect(printed).toEqual(["accepted 1 lost 0"]);
});

it("settled() keeps a process alive that nothing else keeps alive", async () => {
  const printed = await printedBy(`
    await redis.quit();
    context.waitUntil(new Promise((done) => setTimeout(done, 50).unref()));
    await settled();
    console.log("settled");`);
  expect(printed).toEqual(["settled"]);
});
