// Tests the log of the built Worker on workerd, with one JSON object in each line.
import { expect, it } from "vitest";
import { version } from "../../src/version.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const config = `{ logs: { sample: 1 }, routes: [{ name: "all", match: "*", fresh: "1m" }] }`;
const trace_id = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${trace_id}-b7ad6b7169203331-01`;
const printed: string[] = [];
const onLine = (text: string) => void printed.push(text);
const { url } = await worldOfFile((_, response) => void response.end("page"), {
  config,
  onLine,
});

/** Returns the lines of an event, once there are `count` lines. */
async function linesOf(event: string, count: number): Promise<Record<string, unknown>[]> {
  const found = () =>
    printed
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .filter((line) => line["event"] === event);
  const deadlineMs = performance.now() + 30_000;
  while (found().length < count && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return found();
}

it("the Worker prints a line of JSON for its start, each request and a purge", async () => {
  await rawRequest(url, "/a?token=s3cret", { headers: { traceparent, tracestate: "a=b" } });
  // The line of a request is written after the response is stored.
  await linesOf("request", 1);
  await rawRequest(url, "/a?token=s3cret", { headers: { "user-agent": "s3cret" } });
  const headers = { authorization: `Bearer ${adminToken}`, traceparent };
  const body = JSON.stringify({ tags: ["a"], reason: "a new price" });
  const purge = await rawRequest(url, "/_cache/purge", { method: "POST", headers, body });
  expect(purge.status).toBe(200);
  const { position } = JSON.parse(purge.body.toString()) as { position: string };
  const always = { ts: expect.stringMatching(/^\d{4}-.*Z$/) as string, version, colo: "colo-1" };
  expect(await linesOf("started", 1)).toMatchObject([{ ...always, routes: 1, faults: 0 }]);
  expect(await linesOf("request", 2)).toMatchObject([
    { ...always, trace_id, "tidemark.result": "stored", "http.response.status_code": 200 },
    { ...always, "tidemark.result": "hit", "tidemark.tier": "memory" },
  ]);
  expect(await linesOf("purge", 1)).toMatchObject([
    { ...always, position, by: "admin", tags: 1, reason: "a new price", trace_id },
  ]);
  expect(printed.join("\n")).not.toContain("s3cret");
});
