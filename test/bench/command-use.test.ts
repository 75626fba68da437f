// Tests the purposes that the bill assigns to the product's requests to Redis.
import { describe, expect, it } from "vitest";
import { type Use, useOf, writtenBy } from "../../bench/cost/command-use.ts";
import { encodeRecord } from "../../src/cache/tiers/record-codec.ts";
import { dataMetadata } from "../../testing/data/data-metadata.ts";
import { dataForm } from "../../src/data/value/data-record.ts";
import { responseForm } from "../../src/pages/stored/record-form.ts";
import { recordText } from "../../src/stores/redis/record-text.ts";
import {
  appendScript,
  markScript,
  postScript,
} from "../../src/stores/redis/journal/journal-scripts.ts";

const head = encodeRecord(
  { kind: "vary", names: ["accept"], sinceAtMs: 0, listedSinceAtMs: 0, variants: [] },
  1_000,
  responseForm,
);
const metadata = { ...dataMetadata, bodyDigest: "d1", tags: ["a", "b"] };
const response = encodeRecord({ kind: "response", metadata }, 1_000, dataForm);
const digests = new Map([
  ["site:r:same", "d1"],
  ["site:r:other", "d0"],
]);
const probe = ["SET", "site:probe", "1", "PX", "1000"] as const;

const journal = "site:journal";
const evaluated = (script: string, ...rest: readonly string[]) =>
  [["EVAL", script, ...rest]] as const;

describe("a request to Redis", () => {
  it.each<[use: Use, commands: Parameters<typeof useOf>[0]]>([
    ["look-up", [["GETRANGE", "site:r:1", "0", "-1"]]],
    ["fill", [["SET", "site:r:1", recordText(response, "ieA=="), "PX", "1000"]]],
    ["fill", [["SET", "site:r:other", recordText(response, "ieA==")]]],
    ["freshening", [["SET", "site:r:same", recordText(response, "ieA==")]]],
    ["Vary marker", [["SET", "site:r:1", recordText(head, "")]]],
    ["removal", [["DEL", "site:r:1"]]],
    [
      "lease",
      [
        ["SET", "site:lease:1", "token", "NX"],
        ["GET", "site:lease:1"],
        ["GETRANGE", "site:r:1", "0", "4095"],
      ],
    ],
    ["lease", evaluated("return 1", "1", "site:lease:1", "token")],
    ["ballast", evaluated("return 1", "1", "site:ballast", "1048576")],
    ["ballast", [["DEL", "site:ballast"]]],
    ["journal read", [["XRANGE", journal, "1-0", "+", "COUNT", "128"]]],
    ["journal read", [["XREVRANGE", journal, "+", "-"]]],
    ["journal read", [["EVAL_RO", "return 1", "2", journal, "site:switch", "128"]]],
    ["journal read at the primary", [probe, ["XREVRANGE", journal, "1-0", "-"]]],
    ["purge, written", evaluated(appendScript, "4", journal, "site:journal:names")],
    ["purge, read back", [probe, ["XRANGE", journal, "1-0", "1-0"]]],
    ["journal mark", evaluated(markScript, "4", journal, "site:journal:names")],
    ["hot keys", [["XADD", "site:hot", "*", "k", "1"]]],
    ["probe", [["PING"]]],
    ["switch", [probe, ["GET", "site:switch"]]],
    ["switch", evaluated(postScript, "4", journal, "site:journal:names")],
    ["secret", [["GET", "site:secret"]]],
    [
      "secret",
      [
        ["SET", "site:secret", "drawn", "NX"],
        ["GET", "site:secret"],
      ],
    ],
    ["metrics", evaluated("return 1", "1", "site:metrics", "4096")],
    ["metrics", evaluated("return 1", "2", "site:metrics", "site:metrics:totals", "1.a")],
    [
      "metrics",
      [
        ["SET", "site:metrics:probe", "1", "PX", "1000"],
        ["GET", "site:metrics:totals"],
      ],
    ],
    ["database information", [["INFO"]]],
    ["database information", [["TIME"]]],
    ["listing", [["SCAN", "0", "MATCH", "site:r:*", "COUNT", "100"]]],
    ["listing", ["1", "2"].map((key) => ["GETRANGE", `site:r:${key}`, "0", "4095"])],
    ["unknown", [["FLUSHALL"]]],
    ["unknown", [["GET", "site:r:1"]]],
    ["unknown", []],
  ])("has the purpose: %s", (use, commands) => {
    expect(useOf(commands, digests)).toBe(use);
  });

  it("has the key, the body and the tags of the response if it is a fill", () => {
    const commands = [["SET", "site:r:1", recordText(response, "ieA=="), "PX", "1000"]] as const;
    const written = { key: "site:r:1", kind: "response", bodyDigest: "d1", tags: ["a", "b"] };
    expect(writtenBy(commands)).toEqual(written);
  });
});
