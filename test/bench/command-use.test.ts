// The purposes that the bill assigns to the requests of the product to Redis.
import { describe, expect, it } from "vitest";
import { useOf, writtenBy } from "../../bench/cost/command-use.ts";
import { encodeRecord } from "../../src/cache/tiers/record-codec.ts";
import { recordText } from "../../src/stores/redis/record-text.ts";
import { firstMarkScript } from "../../src/stores/redis/journal/redis-mark.ts";

const head = encodeRecord({ kind: "vary", names: ["accept"], sinceAtMs: 0, variants: [] }, 1_000);
const metadata = { bodyDigest: "d1", tags: ["a", "b"] };
const response = JSON.stringify({ record: { kind: "response", metadata } });
const digests = new Map([
  ["site:r:same", "d1"],
  ["site:r:other", "d0"],
]);
const probe = ["SET", "site:probe", "1", "PX", "1000"] as const;

describe("a request to Redis", () => {
  it.each([
    { use: "look-up", commands: [["GETRANGE", "site:r:1", "0", "-1"]] },
    { use: "fill", commands: [["SET", "site:r:1", recordText(response, "ieA=="), "PX", "1000"]] },
    { use: "freshening", commands: [["SET", "site:r:same", recordText(response, "ieA==")]] },
    { use: "Vary marker", commands: [["SET", "site:r:1", recordText(head, "")]] },
    { use: "removal", commands: [["DEL", "site:r:1"]] },
    {
      use: "lease",
      commands: [
        ["SET", "site:lease:1", "token", "NX"],
        ["GET", "site:lease:1"],
        ["GETRANGE", "site:r:1", "0", "4095"],
      ],
    },
    { use: "lease", commands: [["EVAL", "return 1", "1", "site:lease:1", "token"]] },
    { use: "ballast", commands: [["EVAL", "return 1", "1", "site:ballast", "1048576"]] },
    { use: "journal read", commands: [["XRANGE", "site:journal", "1-0", "+", "COUNT", "128"]] },
    { use: "journal read", commands: [["XREVRANGE", "site:journal", "+", "-"]] },
    {
      use: "journal read at the primary",
      commands: [probe, ["XREVRANGE", "site:journal", "1-0", "-"]],
    },
    { use: "purge, written", commands: [["XADD", "site:journal", "*", "v", "1"]] },
    { use: "purge, read back", commands: [probe, ["XRANGE", "site:journal", "1-0", "1-0"]] },
    {
      use: "journal mark",
      commands: [
        ["XADD", "site:journal", "*", "v", "1"],
        ["XREVRANGE", "site:journal", "+", "-"],
      ],
    },
    {
      use: "journal mark",
      commands: [["EVAL", firstMarkScript, "2", "site:journal", "site:switch", "128", "v"]],
    },
    { use: "hot keys", commands: [["XADD", "site:hot", "*", "k", "1"]] },
    { use: "probe", commands: [["PING"]] },
    { use: "switch", commands: [probe, ["GET", "site:switch"]] },
    {
      use: "switch",
      commands: [["EVAL", "return 1", "2", "site:journal", "site:switch", "", "p1"]],
    },
    {
      use: "journal read",
      commands: [["EVAL_RO", "return 1", "2", "site:journal", "site:switch", "128"]],
    },
    { use: "metrics", commands: [["EVAL", "return 1", "1", "site:metrics", "4096"]] },
    {
      use: "metrics",
      commands: [
        ["SET", "site:metrics:probe", "1", "PX", "1000"],
        ["GET", "site:metrics:totals"],
        ["XRANGE", "site:metrics", "-", "+", "COUNT", "128"],
      ],
    },
    {
      use: "metrics",
      commands: [["EVAL", "return 1", "2", "site:metrics", "site:metrics:totals", "1.a"]],
    },
    { use: "database information", commands: [["INFO"]] },
    { use: "listing", commands: [["SCAN", "0", "MATCH", "site:r:*", "COUNT", "100"]] },
    {
      use: "listing",
      commands: [
        ["GETRANGE", "site:r:1", "0", "4095"],
        ["GETRANGE", "site:r:2", "0", "4095"],
      ],
    },
    { use: "unknown", commands: [["FLUSHALL"]] },
    { use: "unknown", commands: [["GET", "site:r:1"]] },
  ] as const)("$use", ({ use, commands }) => {
    expect(useOf(commands, digests)).toBe(use);
  });

  it("names the key, the body and the tags of a fill", () => {
    const commands = [["SET", "site:r:1", recordText(response, "ieA=="), "PX", "1000"]] as const;
    const written = { key: "site:r:1", kind: "response", bodyDigest: "d1", tags: ["a", "b"] };
    expect(writtenBy(commands)).toEqual(written);
  });
});
