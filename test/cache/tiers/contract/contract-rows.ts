// Rows for the contract of tiers: records, bodies, keys and times.
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { FieldLine } from "../../../../src/rules/fields.ts";
import {
  bytesOf,
  keep,
  keepUntilAtMs,
  noise,
  responseOf,
} from "../../../../testing/examples/records.ts";
import type { ResponseRecord } from "../../../../src/pages/stored/stored-response.ts";

export const page = responseOf(bytesOf("first"));
export const nextPage = responseOf(bytesOf("the second page"), {
  status: 404,
  statusText: "Not Found",
});
export const marker = {
  kind: "vary",
  names: ["accept-encoding", "x-size"],
  sinceAtMs: 0,
  listedSinceAtMs: 0,
  variants: [["f7".repeat(32), 1]],
} as const satisfies ResponseRecord;

export const fieldRows: { id: string; fields: FieldLine[] }[] = [
  { id: "no fields", fields: [] },
  {
    id: "fields in order, with repeated names",
    fields: [
      ["set-cookie", "a=1"],
      ["link", "</x>"],
      ["set-cookie", "b=2, c"],
      ["a", "z"],
      ["link", "</y>"],
    ],
  },
  {
    id: "empty, quoted and non-ASCII values",
    fields: [
      ["x-empty", ""],
      ["etag", '"\\"'],
      ["x-latin", "café\u00a0\u00ff"],
      ["x-wide", "漢字 \u{1f30a}"],
    ],
  },
  { id: "a field of 20,000 bytes", fields: [["content-security-policy", "p".repeat(20_000)]] },
];

const text = bytesOf("The tide went out twice. ".repeat(400));
export const bodyRows = [
  { id: "empty", encoding: "", bytes: new Uint8Array(0) },
  { id: "one zero byte", encoding: "", bytes: new Uint8Array(1) },
  { id: "every byte value", encoding: "", bytes: Uint8Array.from({ length: 256 }, (_, at) => at) },
  { id: "1 MiB", encoding: "", bytes: noise(1_048_576) },
  { id: "text as identity", encoding: "identity", bytes: text },
  { id: "text without an encoding", encoding: "", bytes: text },
  { id: "1 MiB of text", encoding: "", bytes: bytesOf("The tide came in. ".repeat(58_254)) },
  { id: "multi-byte text", encoding: "", bytes: bytesOf("größer ".repeat(256)) },
  { id: "gzip", encoding: "gzip", bytes: new Uint8Array(gzipSync(text)) },
  { id: "br", encoding: "br", bytes: new Uint8Array(brotliCompressSync(text)) },
  { id: "zstd", encoding: "zstd", bytes: new Uint8Array(zstdCompressSync(text)) },
  { id: "not the gzip it is named", encoding: "gzip", bytes: bytesOf("plain") },
];

export const instantRows = [
  { id: "reads a record when it was written", atMs: keep.atMs, kind: "response" },
  {
    id: "reads a record just before its end",
    atMs: keepUntilAtMs - 1,
    kind: "response",
  },
  { id: "has no record at its end", atMs: keepUntilAtMs, kind: "absent" },
  { id: "has no record after its end", atMs: keepUntilAtMs + 86_400_000, kind: "absent" },
];

const expired = { written: { kind: "refused", rule: "expired" }, read: "absent" };
export const keepRows = [
  { id: "a second", keptMs: 1_000, written: { kind: "kept" }, read: "response" },
  { id: "zero", keptMs: 0, ...expired },
  { id: "less than zero", keptMs: -1, ...expired },
];

export const replaceRows: { id: string; records: ResponseRecord[] }[] = [
  { id: "a response by a later one", records: [page, nextPage] },
  { id: "a response by a smaller response", records: [nextPage, page] },
  { id: "a response by a marker", records: [page, marker] },
  { id: "a marker by a response", records: [marker, page] },
  {
    id: "a marker by a marker with other names",
    records: [marker, { ...marker, names: ["accept"] }],
  },
];

export const lengthRows = [
  { id: "of known length", bodyBytes: 6 },
  { id: "of unknown length", bodyBytes: null },
];

export const keyRows = [
  { id: "multi-byte text", key: "GET https://a.example/größe?漢字=\u{1f30a}" },
  { id: "half a surrogate pair", key: "GET https://a.example/\ud83c" },
  { id: "10,000 characters", key: `GET https://a.example/${"p".repeat(10_000)}` },
  { id: "nothing", key: "" },
];
