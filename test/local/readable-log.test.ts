// Tests how the lines that a Worker prints appear on a terminal.
import { expect, it } from "vitest";
import { readableLog } from "../../local/readable-log.ts";

const line = (event: string) =>
  `{"ts":"2026-11-21T10:00:00.000Z","event":"${event}","message":"It is so."}`;

it.each([
  { of: "an event", text: line("purge"), reads: "It is so." },
  { of: "the start of an isolate", text: line("started"), reads: undefined },
  { of: "one request, all of it", text: line("request"), reads: line("request") },
  { of: "the runtime", text: "workerd is unwell", reads: "workerd is unwell" },
  { of: "other JSON", text: '{"a":1}', reads: '{"a":1}' },
  { of: "a line that was cut", text: '{"ts":"2026', reads: '{"ts":"2026' },
])("shows or hides a line of $of", ({ text, reads }) => {
  expect(readableLog(text)?.text).toBe(reads);
});
