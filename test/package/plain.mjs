// Uses every export from plain JavaScript. Run by test/package/main.ts in a folder of its own.
import assert from "node:assert/strict";
import { Hono } from "hono";
import {
  analyticsCookies,
  consentCookies,
  createCache,
  defineConfig,
  OperatorError,
  trackingParameters,
} from "tidemark";
import {
  createDataCache,
  LoadFailed,
  LoadTimedOut,
  OperatorError as SameError,
} from "tidemark/data";
import { openNextOverrides } from "tidemark/opennext";
import { r2Bodies } from "tidemark/cloudflare";
import { OperatorError as ErrorOfDrizzle, queryCache } from "tidemark/drizzle";
import { tidemark } from "tidemark/hono";
import { createDataCache as createNodeCache, OperatorError as SameErrorToo } from "tidemark/node";
import { openTelemetry } from "tidemark/opentelemetry";
import { createOutbox, createPurger, PurgeError } from "tidemark/purger";
import { isCredentialField, storingOf } from "tidemark/rules";
import { cloudflareZone, OperatorError as ErrorOfOutward, outward } from "tidemark/outward";
import { hmacSender, hooks, OperatorError as ErrorOfHooks } from "tidemark/hooks";
import { d1Sink, OperatorError as ErrorOfSinks, sinkSchema, sqlSink } from "tidemark/sinks";
import { createWorker } from "tidemark/worker";

for (const list of [analyticsCookies, consentCookies, trackingParameters]) {
  assert.ok(list.length > 10);
}
assert.throws(
  () => defineConfig({ routes: [{ name: "a", match: "/a", fresh: "5 minutes" }] }),
  OperatorError,
);
assert.equal(typeof createCache, "function");
assert.match(r2Bodies({ binding: "BODIES" }).bound({}).why, /^BODIES is not bound/);

assert.equal(SameError, OperatorError);
assert.equal(ErrorOfHooks, OperatorError);
const sender = hmacSender({
  header: "x-signature",
  algorithm: "sha256",
  encoding: "hex",
  mapping: () => undefined,
});
assert.equal(defineConfig({ parts: [hooks({ shop: sender })] }).parts.length, 1);
assert.equal(ErrorOfOutward, OperatorError);
const edge = cloudflareZone({ zone: "0".repeat(32), plan: "free" });
assert.equal(defineConfig({ parts: [outward({ edge })] }).parts.length, 1);
assert.equal(SameErrorToo, OperatorError);
assert.throws(() => createNodeCache({ redis: {} }), OperatorError);
const away = createNodeCache({
  redis: { url: "http://127.0.0.1:1", token: "t" },
  log: () => undefined,
});
assert.equal(await away.namespace("a", { fresh: "1m" }).getOrSet("1", () => "v"), "v");
const told = [];
const counted = { add: (value, attributes) => told.push({ value, ...attributes }) };
const meter = {
  createCounter: () => counted,
  createHistogram: () => ({ record: () => undefined }),
};
const observed = createNodeCache({ redis: "none", onEvent: openTelemetry({ meter }) });
await observed.namespace("a", { fresh: "1m" }).getOrSet("1", () => "v");
assert.deepEqual(told, [{ value: 1, "tidemark.namespace": "a", "tidemark.result": "miss" }]);
assert.equal(openNextOverrides().tagCache.mode, "nextMode");
assert.ok(new LoadTimedOut("") instanceof LoadFailed);
assert.equal(ErrorOfDrizzle, OperatorError);
assert.equal(queryCache(observed, { fresh: "1m" }).strategy(), "explicit");
assert.equal(ErrorOfSinks, OperatorError);
assert.throws(() => sqlSink({}), OperatorError);
assert.throws(() => d1Sink({}, { marks: "my marks" }), OperatorError);
assert.match(sinkSchema({ of: "postgres" }), /"tidemark_marks"/);
const headers200 = { status: 200, headers: { "cache-control": "max-age=60" } };
assert.equal(storingOf(new Response("", headers200)).seconds, 60);
assert.ok(isCredentialField("x-api-key"));
const bytes = createDataCache(defineConfig({})).namespace("bytes", { fresh: "1m" });
const value = { bytes: new Uint8Array([1, 2]), at: new Date(5), big: 5n };
assert.deepEqual(structuredClone(await bytes.getOrSet("a", () => value)), value);
assert.deepEqual(structuredClone(await bytes.get("a")), value);

const config = defineConfig({ routes: [{ name: "all", match: "*", fresh: "1m" }] });
const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
const turn = () => new Promise((resolve) => setTimeout(resolve, 50));
/** Asks until it is a hit, which comes as soon as the store is over. */
const statusesOf = async (ask) => {
  const statuses = [];
  while (statuses.length < 100 && !statuses.at(-1)?.includes("hit")) {
    const response = await ask(new Request("https://www.example.com/page"));
    assert.match(await response.text(), /^page/);
    statuses.push(response.headers.get("cache-status"));
    await turn();
  }
  return [statuses[0], statuses.at(-1)].join("\n");
};
const filledThenHit =
  /fwd=uri-miss; fwd-status=200; stored\ntidemark; hit; ttl=\d+; detail=memory$/;

const worker = createWorker(config, { origins: { default: () => new Response("page") } });
assert.match(await statusesOf((request) => worker.fetch(request, {}, context)), filledThenHit);
await worker.scheduled(undefined, {}, context);

const app = new Hono();
app.get("/page", (c) => c.text(`page for ${c.env.NAME}`));
app.get("/large", (c) => c.body("x".repeat(700_000)));
app.get("/small", (c) => c.body("x".repeat(200_000)));
const site = tidemark(app, config, { env: { NAME: "all" } });
assert.match(await statusesOf((request) => site.fetch(request)), filledThenHit);

// Larger bodies go another way than small ones.
for (let nth = 0; nth < 3; nth += 1) {
  assert.equal(
    (await (await site.fetch(new Request("https://a.example/large"))).text()).length,
    700_000,
  );
  await turn();
}
for (let tries = 1, isHit = false; !isHit; tries += 1) {
  assert.ok(tries < 100, "A page of 200 kB is never stored.");
  const whole = await site.fetch(new Request("https://a.example/small"));
  isHit = whole.headers.get("cache-status").includes("hit");
  await whole.text();
  await turn();
}
const headers = { range: "bytes=0-9" };
const part = await site.fetch(new Request("https://a.example/small", { headers }));
assert.deepEqual([part.status, await part.text()], [206, "x".repeat(10)]);

const visibleBy = "2026-11-20T09:05:17.845Z";
const accepted = { accepted: true, position: "1-0", visibleWithinSeconds: 10, visibleBy };
const sent = [];
const purger = createPurger({
  url: "https://www.example.com/_cache/purge",
  secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZg==",
  fetch: async (url, init) => (sent.push([url, init]), Response.json(accepted)),
  retry: { triesMax: 1 },
});
const { position } = await purger.purge({ tags: ["a"] });
assert.deepEqual([position, sent.length], ["1-0", 1]);
assert.throws(() => createPurger({ url: "nowhere", secret: "" }), PurgeError);
const kept = [];
const store = {
  add: (message) => void kept.push({ ...message, failedTries: 0 }),
  due: () => [...kept],
  delivered: (id) =>
    void kept.splice(
      kept.findIndex((one) => one.id === id),
      1,
    ),
  failed: () => undefined,
  refused: () => undefined,
};
const outbox = createOutbox({ store, purger });
outbox.enqueue({ tags: ["b"] });
await outbox.deliver();
assert.deepEqual([kept.length, sent.length], [0, 2]);
console.log("All is well.");
