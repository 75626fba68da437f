// Tests the contract of a stream of reports, over Redis, over the tables of a Durable Object, and in
// the memory of a process.
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Running } from "../../../../local/running.ts";
import { startEmbeddedValkey } from "../../../../local/embedded-valkey.ts";
import { startUpstashRestServer } from "../../../../local/upstash-rest-server.ts";
import { ReportFold } from "../../../../src/parts/operate/reports/folding.ts";
import { ProcessReportStream } from "../../../../src/parts/operate/reports/process-report-stream.ts";
import { RedisReportStream } from "../../../../src/parts/operate/reports/redis-report-stream.ts";
import {
  pageCount,
  type ReportStream,
  standingMax,
} from "../../../../src/observe/reports/report-store.ts";
import { totalsText } from "../../../../src/observe/reports/totals.ts";
import { connectionWords } from "../../../../src/remote/redis/connection/given-connection.ts";
import { ObjectReportStream } from "../../../../src/stores/durable-object/durable-object-reports.ts";
import { ObjectClient } from "../../../../src/stores/durable-object/object-client.ts";
import { FakeObject } from "../../../../testing/fakes/fake-object.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";
import { upstashStore } from "../../../../testing/fakes/upstash-store.ts";

const running = new Running();
afterAll(() => running.stop());
const { url: redisUrl } = await running.add(startEmbeddedValkey());
const { url } = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
let namespaceCount = 0;

function openRedis(): () => ReportStream {
  namespaceCount += 1;
  const namespace = `site${namespaceCount}`;
  const redis = upstashStore.client({ url, token: "token", nowAtMs: Date.now });
  return () => new RedisReportStream({ redis, namespace });
}

function openObject(): () => ReportStream {
  const { stub } = new FakeObject();
  const client = new ObjectClient({
    of: "metrics",
    stub: () => stub,
    nowAtMs: Date.now,
    tell: () => undefined,
  });
  return () => new ObjectReportStream(client);
}

function openProcess(): () => ReportStream {
  const stream = new ProcessReportStream(Date.now);
  return () => stream;
}

const reportOf = (n: string) => ({
  n,
  colo: "HAM",
  coversMs: 0,
  sums: new Map([["requests|all|hit|memory", 1]]),
  gauges: noGauges,
});
const totals = { startedAtMs: 1, sums: new Map(), colos: new Map(), windows: [] };
const answered = (value: unknown) => ({ kind: "answered", value });

const stateOf = async (stream: ReportStream) => {
  const answer = await stream.standing();
  if (answer.kind !== "answered") throw new Error(answer.cause);
  return answer.value;
};

describe.each([
  ["Redis", openRedis],
  ["a Durable Object", openObject],
  ["a process", openProcess],
])("a stream of reports in %s", (_, openStore) => {
  let open: ReturnType<typeof openStore>;
  beforeEach(() => {
    open = openStore();
  });

  it("is empty at first, without totals", async () => {
    const none = { kind: "held", version: "", totals: undefined, isBroken: false };
    expect(await stateOf(open())).toEqual({ totals: none, page: [], isFull: false });
    expect(await open().fold("", [], totalsText(totals, "v1"))).toEqual(answered(false));
  });

  it("returns reports in order, in pages, with the time of their storage", async () => {
    const stream = open();
    const beforeMs = Date.now() - 5;
    const names = [...Array(pageCount + 1).keys()].map((nth) => `n${nth}`);
    for (const [at, n] of names.entries()) {
      expect(await stream.add(reportOf(n))).toEqual(answered(at + 1));
    }
    const { page, isFull } = await stateOf(stream);
    expect(page.map(({ report }) => report)).toEqual(names.slice(0, -1).map(reportOf));
    expect(isFull).toBe(true);
    expect(page.every(({ atMs }) => atMs >= beforeMs && atMs <= Date.now() + 5)).toBe(true);
  });

  it("replaces the totals by a fold, and removes exactly its reports", async () => {
    const stream = open();
    for (const n of ["a", "b"]) await stream.add(reportOf(n));
    const { page } = await stateOf(stream);
    await stream.add(reportOf("c"));
    expect(await stream.fold("", page, totalsText(totals, "v1"))).toEqual(answered(true));
    const left = await stateOf(stream);
    expect(left.totals).toMatchObject({ version: "1.v1", totals });
    expect(left.page.map(({ n }) => n)).toEqual(["c"]);
    expect(await stream.add(reportOf("d"))).toEqual(answered(2));
  });

  it("refuses a fold of other totals, or of reports that another fold has removed", async () => {
    const stream = open();
    for (const n of ["a", "b"]) await stream.add(reportOf(n));
    const { page } = await stateOf(stream);
    const text = totalsText(totals, "v2");
    expect(await stream.fold("1.v0", page, text)).toEqual(answered(false));
    expect(await stream.fold("", page.slice(1), text)).toEqual(answered(false));
    expect((await stateOf(stream)).page).toHaveLength(2);
    expect(await stream.fold("", page, text)).toEqual(answered(true));
    await stream.add(reportOf("c"));
    expect(await stream.fold("1.v2", page, text)).toEqual(answered(false));
    expect((await stateOf(stream)).page).toHaveLength(1);
  });

  it("refuses a fold of unread totals into those of a newer version", async () => {
    const stream = open();
    for (const n of ["a", "b"]) await stream.add(reportOf(n));
    const { page } = await stateOf(stream);
    expect(await stream.fold("", page.slice(0, 1), "2.v1 {}")).toEqual(answered(true));
    expect(await stream.fold("", page.slice(1), totalsText(totals, "v1"))).toEqual(answered(false));
    expect((await stateOf(stream)).totals).toEqual({ kind: "newer" });
  });

  it("counts each report once, although several isolates fold", async () => {
    const randomText = () => crypto.randomUUID();
    const log = () => undefined;
    const foldings = Array.from({ length: 3 }, () => {
      return new ReportFold({ stream: open(), nowAtMs: () => 7, randomText, log });
    });
    for (let nth = 0; nth < 300; nth += 1) await open().add(reportOf(`n${nth}`));
    await Promise.all(foldings.map((folding) => folding.empty()));
    const read = await foldings[0]?.read();
    expect(read).toMatchObject({
      sums: new Map([
        ["reports|HAM", 300],
        ["requests|all|hit|memory", 300],
      ]),
    });
  });
});

it.each([
  ["a Durable Object", openObject],
  ["a process", openProcess],
])("%s refuses a report if more than standingMax wait, until a fold", async (_, openStore) => {
  const stream = openStore()();
  for (let nth = 0; nth <= standingMax; nth += 1) await stream.add(reportOf(`n${nth}`));
  expect(await stream.add(reportOf("d"))).toEqual(answered(-1));
  const { page } = await stateOf(stream);
  await stream.fold("", page, totalsText(totals, "v1"));
  expect(await stream.add(reportOf("e"))).toEqual(answered(standingMax + 2 - pageCount));
});

it("a refused password of a connection is described in the words of connections", async () => {
  const redis = upstashStore.client({
    url,
    token: "wrong",
    words: connectionWords,
    nowAtMs: Date.now,
  });
  const stream = new RedisReportStream({ redis, namespace: "site" });
  const [nowAtMs, randomText, log] = [Date.now, () => "", () => undefined];
  expect(await new ReportFold({ stream, nowAtMs, randomText, log }).read()).toMatchObject({
    why: "Redis refused the user or the password.",
    hint: "Check those of the connection.",
  });
});
