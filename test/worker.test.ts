// Tests the entry point of a Worker that cannot start.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { version } from "../src/version.ts";
import "../testing/fakes/workers-globals.ts";

const log: string[] = [];
const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };

beforeEach(() => {
  vi.resetModules();
  log.length = 0;
  vi.spyOn(console, "error").mockImplementation((line: string) => void log.push(line));
});
afterEach(() => vi.restoreAllMocks());

it("a Worker without an origin answers 500 to each request, and logs the reason once", async () => {
  const { default: worker } = await import("../worker.ts");
  const request = new Request("https://www.example.com/");
  for (let nth = 0; nth < 3; nth += 1) {
    expect((await worker.fetch(request, {}, context)).status).toBe(500);
  }
  await worker.scheduled(undefined, {}, context);
  expect(log.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      ts: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      level: "error",
      event: "start-refused",
      message: expect.stringMatching(/^The Worker does not start. There is no origin/) as string,
      version,
    },
  ]);
});
