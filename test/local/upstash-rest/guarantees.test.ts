// Tests what Tidemark demands of a proxy in front of Redis (docs/stores.md): `tidemark redis-proxy` by default, or the one of PROXY_URL.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../../local/bundling.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { endAll, startRun, told } from "../runs.ts";
import { ask, run } from "./rest-client.ts";

const { PROXY_URL, PROXY_TOKEN = "" } = process.env;
const token = "f6Xq2mW9sLd0vRt7";

async function startProxy(): Promise<{ url: string; token: string; stop: () => Promise<void> }> {
  if (PROXY_URL !== undefined) return { url: PROXY_URL, token: PROXY_TOKEN, stop: async () => {} };
  const redis = await oneRedisServer[0]!.start();
  const env = { REDIS_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: token };
  const started = startRun(
    `${root}/packages/cli/src/tidemark.ts`,
    ["redis-proxy", "--port", "0", "--json"],
    { env },
  );
  await told(started, "ready");
  const { url } = JSON.parse(started.output()) as { url: string };
  const stop = async () => {
    await endAll();
    await redis.stop();
  };
  return { url, token, stop };
}

describe("a proxy", () => {
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  beforeAll(async () => {
    proxy = await startProxy();
  });
  afterAll(() => proxy?.stop());

  const [a, b] = ["guarantees:a", "guarantees:b"];
  afterEach(() => run(proxy, "DEL", a, b));

  const pipeline = (...body: unknown[]) => ask(proxy, { path: "/pipeline", body });
  const transaction = (...body: unknown[]) => ask(proxy, { path: "/multi-exec", body });
  const evaluate = (script: string, name = "EVAL") => run(proxy, name, script, 1, a);
  const notInteger = { error: "ERR value is not an integer or out of range" };

  it("runs no command of another request within a transaction", async () => {
    const transfer = () => transaction(["INCR", a], ["GET", a], ["DECR", a]);
    const one = () => ask(proxy, { body: ["GET", a] });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? transfer() : one())),
    );
    const seen = new Set(answers.map(({ answer }) => JSON.stringify(answer)));
    seen.delete('{"result":null}');
    expect([...seen].sort()).toEqual([
      '[{"result":1},{"result":"1"},{"result":0}]',
      '{"result":"0"}',
    ]);
  });

  it("runs nothing of a transaction that Redis refuses", async () => {
    const { status, answer } = await transaction(["SET", a, "1"], ["SET", a]);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(answer).toEqual({ error: expect.stringMatching(/^EXECABORT /) as string });
    expect(await run(proxy, "GET", a)).toBeNull();
  });

  it.each(["/pipeline", "/multi-exec"])("answers each command of %s at its place", async (path) => {
    const body = [
      ["SET", a, "x"],
      ["INCR", a],
      ["STRLEN", a],
      ["GET", b],
      ["APPEND", a, "y"],
      ["GET", a],
    ];
    const answer = [
      { result: "OK" },
      notInteger,
      { result: 1 },
      { result: null },
      { result: 2 },
      { result: "xy" },
    ];
    expect(await ask(proxy, { path, body })).toEqual({ status: 200, answer });
  });

  it("lets a request see the effects of every answered one", async () => {
    for (let count = 1; count <= 50; count += 1) {
      await pipeline(["SET", b, count], ["SET", a, count]);
      expect(await run(proxy, "GET", a)).toBe(String(count));
    }
  });

  it.each([
    ["empty", ""],
    ["with a byte order mark", "\ufeffmark"],
    ["beyond ASCII", "漢字 🌊"],
    ["with escapes", 'a"\\\n\u0000'],
    ["like a status", "OK"],
    ["like a number", "1"],
    ["like JSON", "null"],
    ["of 9 MB", "=".repeat(9_000_000)],
  ])("returns the exact text: %s", async (_, text) => {
    await run(proxy, "SET", a, text);
    expect((await run(proxy, "GET", a)) === text).toBe(true);
  });

  it("runs scripts, and returns lists in lists", async () => {
    const reply = [1, ["a", null, ""], "2"];
    expect(await evaluate("return {1, {'a', false, ''}, '2'}")).toEqual(reply);
    expect(await evaluate("return redis.call('EXISTS', KEYS[1])", "EVAL_RO")).toBe(0);
    await expect(evaluate("return redis.call('SET', KEYS[1], 1)", "EVAL_RO")).rejects.toThrow(
      "ERR",
    );
  });

  it("answers INFO by the text of Redis", async () => {
    expect(await run(proxy, "INFO", "server", "memory")).toMatch(
      /redis_version:[^]*used_memory:\d/,
    );
  });

  it.each(["/", "/pipeline", "/multi-exec"])("refuses a wrong token at %s", async (path) => {
    const body = path === "/" ? ["SET", a, "1"] : [["SET", a, "1"]];
    const authorization = `Bearer ${"0".repeat(32)}`;
    const refused = { status: 401, answer: { error: expect.any(String) as string } };
    expect(await ask(proxy, { path, body, authorization })).toEqual(refused);
    expect(await run(proxy, "GET", a)).toBeNull();
  });

  it("answers a refused command by the error of Redis", async () => {
    await run(proxy, "SET", a, "x");
    expect(await ask(proxy, { body: ["INCR", a] })).toEqual({ status: 400, answer: notInteger });
  });
});
