// Tests how much more time an origin gets if a request has a body.
import { expect, it } from "vitest";
import { uploadMs } from "../../../src/pages/fetch/forward.ts";

const body = new Response("").body;

it.each([
  { id: "no body", body: null, length: "65536", ms: 0 },
  { id: "no length", body, length: undefined, ms: 0 },
  { id: "an empty body", body, length: "0", ms: 0 },
  { id: "a form", body, length: "24", ms: 1 },
  { id: "64 KiB", body, length: "65536", ms: 1_000 },
  { id: "100 MB", body, length: "100000000", ms: 1_525_879 },
  { id: "just below the bound", body, length: "117964799", ms: 1_800_000 },
  { id: "far beyond the bound", body, length: "999999999999999", ms: 1_800_000 },
  { id: "no number", body, length: "1e9", ms: 0 },
  { id: "two numbers", body, length: "5, 5", ms: 0 },
])("$id adds $ms ms", ({ length, ms, ...row }) => {
  const headers = new Headers(length === undefined ? {} : { "content-length": length });
  expect(uploadMs({ body: row.body, headers })).toBe(ms);
});
