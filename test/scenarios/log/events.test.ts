// Tests the log lines of each event, and the fields of these lines.
// Needs parts: hooks, outward.
import { afterEach, expect, it, vi } from "vitest";
import { logEvents, type LogLine } from "../../../src/observe/log-line.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { bearer, openJournalled, send, signedHeaders } from "../../../testing/site/purge-sender.ts";
import { linesOf, occasions, requestPages } from "./occasions.ts";

afterEach(() => void vi.restoreAllMocks());

const linesWith = (all: readonly LogLine[], event: string) =>
  all.filter((line) => line.event === event);

it("each event has an occasion in occasions.ts or belongs to a data cache", () => {
  const ofData = ["data-load", "data-write", "write-behind"];
  expect([...Object.keys(occasions), ...ofData].toSorted()).toEqual(logEvents.toSorted());
});

it.each(Object.entries(occasions))("the line of %s has its fields", async (event, occasion) => {
  const lines = await linesOf(occasion);
  const [line] = linesWith(lines, event);
  expect(line).toMatchObject({ event, ...occasion.holds });
  expect(line?.message).toMatch(/^[A-Z].*\S$/s);
  expect(JSON.stringify(lines)).not.toContain("s3cret");
});

it("an isolate logs its start once, at its first request", async () => {
  const site = openSite();
  expect(site.lines).toEqual([]);
  await requestPages(site, 3);
  await site.fireCron();
  expect(linesWith(site.lines, "started")).toHaveLength(1);
});

it("a line of a signed purge has no reason with a query, and a dry run has no line", async () => {
  const { site } = openJournalled();
  const body = '{"tags":["a"],"reason":"see /a?token=1"}';
  await send(site, body, signedHeaders(body));
  await send(site, { tags: ["a"], dryRun: true });
  const lines = linesWith(site.lines, "purge");
  expect(lines).toMatchObject([{ by: "signed-request", mode: "hard", tags: 1 }]);
  expect(JSON.parse(JSON.stringify(lines[0]))).not.toHaveProperty("reason");
});

it("refused purges have one line a second for each rule, which counts the others", async () => {
  const { site } = openJournalled();
  for (let nth = 0; nth < 5; nth += 1) await send(site, { tags: ["a"] }, {});
  for (let nth = 0; nth < 2; nth += 1) await send(site, "{");
  site.clock.advance(1);
  await send(site, { tags: ["a"] }, {});
  expect(linesWith(site.lines, "purge-refused")).toMatchObject([
    { rule: "not-signed", leftOut: 0 },
    { rule: "malformed", leftOut: 0 },
    { rule: "not-signed", leftOut: 4 },
  ]);
});

it.each([
  { event: "finding", ended: { code: "origin-unreachable", lastedSeconds: 42 } },
  { event: "credentials", ended: { lastedSeconds: 61 } },
] as const)("the end of a $event has a line", async ({ event, ended }) => {
  const lines = await linesOf(occasions[event]);
  expect(linesWith(lines, event)).toMatchObject([
    { state: "began", level: "warn" },
    { state: "ended", level: "info", ...ended },
  ]);
});

it("unreadable reports have one line, and a report lost in a full stream has another", async () => {
  const { site, upstash } = openJournalled();
  upstash.reports.add(["v", "s3cret"]);
  for (let nth = 0; nth < 3; nth += 1) await site.get("/_cache/health", { headers: bearer });
  for (let nth = 0; nth < 4_100; nth += 1) upstash.reports.add(["v", "s3cret"]);
  await requestPages(site, 1);
  site.clock.advance(300);
  await requestPages(site, 1);
  expect(linesWith(site.lines, "report-lost").map(({ message }) => message)).toEqual([
    "Metrics: The stream in Redis has entries that are not reports of this version. Tidemark counts these reports as lost.",
    "Metrics: A report with counts of this isolate is lost: too many reports wait to be folded.",
  ]);
});
