// Tests the events of a data cache as spans and metrics of the OpenTelemetry SDK.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { context as otelContext, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { tidemark } from "../src/hono.ts";
import {
  measureRequests,
  type OnRequest,
  openTelemetry,
  traceRequests,
} from "../src/open-telemetry.ts";
import { createWorker } from "../src/worker.ts";
import { defineConfig } from "../src/config/config.ts";
import { listening } from "../testing/listening.ts";
import { DataIsolate } from "../testing/data/data-isolate.ts";

const contexts = new AsyncLocalStorageContextManager();
beforeAll(() => void otelContext.setGlobalContextManager(contexts.enable()));
afterAll(() => otelContext.disable());

/** Returns a meter, and its points as metric, attributes and value. */
function measuring() {
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metrics,
    exportIntervalMillis: 2 ** 30,
  });
  const meters = new MeterProvider({ readers: [reader] });
  const points = async () => {
    await reader.forceFlush();
    const [resource] = metrics.getMetrics().slice(-1);
    const all = resource?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    await meters.shutdown();
    return all.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [descriptor.name, attributes, value] as const),
    );
  };
  return { meter: meters.getMeter("shop"), points };
}

function observed(options: { readonly recordKeys?: boolean } = {}) {
  const exporter = new InMemorySpanExporter();
  const spans = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = spans.getTracer("shop");
  const { meter, points } = measuring();
  const onEvent = openTelemetry({ tracer, meter, ...options });
  const isolate = new DataIsolate({ platform: { onEvent } });
  const articles = isolate.data.namespace<string>("articles", { fresh: "10m" });
  return { isolate, articles, tracer, exporter, points };
}

it("a load is a span below the caller's span, with its own times", async () => {
  const { isolate, articles, tracer, exporter } = observed();
  const startedAtMs = isolate.clock.nowAtMs();
  const parent = tracer.startSpan("request");
  await otelContext.with(trace.setSpan(otelContext.active(), parent), () =>
    articles.getOrSet("42", () => {
      isolate.clock.advance(2);
      return "v";
    }),
  );
  const [span] = exporter.getFinishedSpans();
  expect(span?.name).toBe("tidemark.load articles");
  expect(span?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  expect(span?.startTime[0]).toBe(Math.floor(startedAtMs / 1_000));
  expect(span?.duration).toEqual([2, 0]);
  expect(span?.status.code).toBe(SpanStatusCode.UNSET);
  expect(span?.attributes).toEqual({
    "tidemark.namespace": "articles",
    "tidemark.keys.count": 1,
    "tidemark.keys.failed": 0,
  });
});

it("a failed load is a span with the error, and with its keys if `recordKeys` is set", async () => {
  const { articles, exporter } = observed({ recordKeys: true });
  await articles
    .getOrSet(["a", 7], () => Promise.reject(new TypeError("down")))
    .catch(() => undefined);
  const [span] = exporter.getFinishedSpans();
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.events.map(({ attributes }) => attributes?.["exception.type"])).toEqual([
    "TypeError",
  ]);
  expect(span?.attributes).toMatchObject({ "tidemark.keys": "a/7", "tidemark.keys.failed": 1 });
});

it("counts lookups by result and tier, loads, writes, errors and purges", async () => {
  const { isolate, articles, points } = observed();
  await articles.getOrSet("1", () => "v");
  await articles.get("1");
  await articles.getOrSet("2", () => Promise.reject(new TypeError("down"))).catch(() => undefined);
  await articles.set("3", "v");
  await articles.expire("3");
  await isolate.data.purge({ tags: ["red"] });
  const of = { "tidemark.namespace": "articles" };
  const told = await points();
  const counted = told.filter(([name]) => name !== "tidemark.data.load.duration");
  expect(counted).toEqual(
    expect.arrayContaining([
      ["tidemark.data.lookups", { ...of, "tidemark.result": "miss" }, 2],
      ["tidemark.data.lookups", { ...of, "tidemark.result": "hit", "tidemark.tier": "memory" }, 1],
      ["tidemark.data.errors", { ...of, "error.type": "TypeError" }, 1],
      ["tidemark.data.writes", of, 1],
      ["tidemark.data.purges", { "tidemark.mode": "soft" }, 1],
      ["tidemark.data.purges", { "tidemark.mode": "hard" }, 1],
    ]),
  );
  expect(counted).toHaveLength(6);
  const loads = told.filter(([name]) => name === "tidemark.data.load.duration");
  expect(loads.map(([, attributes]) => attributes)).toEqual([
    of,
    { ...of, "error.type": "TypeError" },
  ]);
});

/** Answers one page twice: the status of each request to the origin is given. */
async function pagesWith(onRequest: OnRequest, { tracer, statuses = [200] }: Pages) {
  const config = defineConfig({ routes: [{ name: "news", match: "/news/*", fresh: "5m" }] });
  const background: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void background.push(work),
    passThroughOnException: () => undefined,
    props: {},
  };
  const origin = () => new Response("page", { status: statuses.shift() ?? 200 });
  const worker = createWorker(config, { origins: { default: origin }, onRequest });
  const answers: string[] = [];
  for (let nth = 0; nth < 2; nth += 1) {
    const request = new Request("https://www.example.com/news/1?user=ada");
    const parent = tracer.startSpan("GET");
    await otelContext.with(trace.setSpan(otelContext.active(), parent), async () => {
      const response = await worker.fetch(request, {}, context);
      answers.push(await response.text());
      await Promise.all(background);
    });
    parent.end();
  }
  return answers;
}

interface Pages {
  readonly tracer: ReturnType<BasicTracerProvider["getTracer"]>;
  readonly statuses?: number[];
}

function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer("news");
  const spans = () =>
    exporter.getFinishedSpans().filter(({ name }) => name.startsWith("tidemark "));
  return { tracer, spans, all: () => exporter.getFinishedSpans() };
}

it("each request is a span below the request's active span, without its query", async () => {
  const { tracer, spans, all } = tracing();
  const pages = await pagesWith(traceRequests(tracer), { tracer });
  expect(pages).toEqual(["page", "page"]);
  expect(spans().map(({ name }) => name)).toEqual(["tidemark stored", "tidemark hit"]);
  const parents = all().flatMap((one) => (one.name === "GET" ? [one.spanContext().spanId] : []));
  expect(spans().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(parents);
  expect(spans()[1]?.attributes).toMatchObject({
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "tidemark.route": "news",
    "tidemark.result": "hit",
    "tidemark.tier": "memory",
  });
  expect(JSON.stringify(spans().map(({ attributes }) => attributes))).not.toContain("ada");
  const [span] = spans();
  expect(Number(span?.endTime[0])).toBeGreaterThanOrEqual(Number(span?.startTime[0]));
});

it("an application behind the middleware sends its spans to a collector by OTLP", async () => {
  const received: { path: string | undefined; body: string }[] = [];
  const collector = createServer((request, response) => {
    const receive = async () => {
      received.push({ path: request.url, body: await text(request) });
      response.setHeader("content-type", "application/json").end("{}");
    };
    void receive();
  });
  const { url, stop } = await listening(collector);
  const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const onRequest = traceRequests(provider.getTracer("shop"));
  const app = new Hono().get("/products/:id", (c) => c.text("a product"));
  const routes = [{ name: "products", match: "/products/*", fresh: "5m" }] as const;
  const shop = tidemark(app, defineConfig({ routes }), { env: {}, onRequest });
  const request = new Request("https://shop.example/products/1");
  expect(await (await shop.fetch(request)).text()).toBe("a product");
  const arrived = async () => {
    await provider.forceFlush();
    expect(received).toHaveLength(1);
  };
  await vi.waitFor(arrived, { timeout: 60_000 });
  await provider.shutdown();
  await stop();
  const [{ path, body } = { path: "", body: "{}" }] = received;
  const [resource] = JSON.parse(body).resourceSpans;
  expect(path).toBe("/v1/traces");
  expect(resource.scopeSpans[0].scope.name).toBe("shop");
  expect(resource.scopeSpans[0].spans).toMatchObject([
    {
      name: "tidemark stored",
      attributes: expect.arrayContaining([
        { key: "tidemark.route", value: { stringValue: "products" } },
        { key: "http.response.status_code", value: { intValue: 200 } },
      ]),
    },
  ]);
});

it("counts and times requests by route, result and class of the status, without a path", async () => {
  const { meter, points } = measuring();
  const { tracer, spans } = tracing();
  const listeners = [traceRequests(tracer), measureRequests(meter)];
  const onRequest: OnRequest = (event) => listeners.forEach((listen) => listen(event));
  await pagesWith(onRequest, { tracer });
  await pagesWith(onRequest, { tracer, statuses: [503, 503] });
  const of = (result: string, status: string) => ({
    "tidemark.route": "news",
    "tidemark.result": result,
    "tidemark.status_class": status,
  });
  const counted = { count: 1, sum: expect.any(Number), buckets: expect.anything() };
  const name = "tidemark.request.duration";
  const measured = await points();
  expect(measured.slice(0, 2)).toMatchObject([
    [name, of("stored", "2xx"), counted],
    [name, of("hit", "2xx"), counted],
  ]);
  expect(measured[2]).toMatchObject([name, { "tidemark.status_class": "5xx" }, { count: 2 }]);
  expect(measured).toHaveLength(3);
  expect(spans()).toHaveLength(4);
});

it("an answer of the status 500 is a span with an error", async () => {
  const { tracer, spans } = tracing();
  await pagesWith(traceRequests(tracer), { tracer, statuses: [500, 200] });
  expect(spans().map(({ status }) => status.code)).toEqual([
    SpanStatusCode.ERROR,
    SpanStatusCode.UNSET,
  ]);
});

it.each<[how: string, onRequest: OnRequest]>([
  [
    "throws",
    () => {
      throw new RangeError("of the application");
    },
  ],
  ["rejects", async () => Promise.reject(new RangeError("late"))],
])("a listener that %s changes no answer, and is logged once", async (_, onRequest) => {
  const { tracer } = tracing();
  const logged = vi.spyOn(console, "error").mockReturnValue();
  expect(await pagesWith(onRequest, { tracer })).toEqual(["page", "page"]);
  expect(logged.mock.calls.map(([line]) => String(line))).toEqual([
    expect.stringContaining("The function `onRequest` failed with RangeError"),
  ]);
  logged.mockRestore();
});
