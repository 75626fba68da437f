// Options of hmacSender that are refused when the configuration is loaded, and names of hooks.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { hmacSender, type HmacSenderOptions } from "../../src/senders.ts";
import { refusalOf } from "../config/refusal-of.ts";

const good: HmacSenderOptions = {
  header: "x-signature",
  algorithm: "sha256",
  encoding: "hex",
  mapping: () => undefined,
};
const member = { member: "v1", timestamp: { member: "t", unit: "s" } } as const;

describe("hmacSender refuses", () => {
  it.each<{ id: string; options: object; says: string }>([
    { id: "an unknown algorithm", options: { algorithm: "md5" }, says: "algorithm" },
    { id: "an unknown encoding", options: { encoding: "utf8" }, says: "encoding" },
    { id: "no mapping", options: { mapping: undefined }, says: "mapping" },
    { id: "no header", options: { header: undefined }, says: "header field" },
    { id: "a header with a space", options: { header: "x signature" }, says: "header field" },
    { id: "an id header with a colon", options: { idHeader: "x-id:" }, says: "header field" },
    {
      id: "a text without the body",
      options: { signed: "{timestamp}" },
      says: "{body} exactly once",
    },
    { id: "the body twice", options: { signed: "{body}{body}" }, says: "{body} exactly once" },
    { id: "an unknown placeholder", options: { signed: "{id}.{body}" }, says: "placeholder" },
    {
      id: "a timestamp that is not signed",
      options: { timestamp: { header: "x-time", unit: "s" } },
      says: "anyone could change the time",
    },
    {
      id: "a timestamp signed twice",
      options: { ...member, signed: "{timestamp}{body}{timestamp}" },
      says: "exactly once, so anyone",
    },
    {
      id: "a signed timestamp without its place",
      options: { signed: "{timestamp}.{body}" },
      says: "timestamp is not set",
    },
    {
      id: "a member for the time alone",
      options: { timestamp: member.timestamp, signed: "{timestamp}.{body}" },
      says: "without member",
    },
    {
      id: "an unknown unit",
      options: { ...member, timestamp: { member: "t", unit: "m" }, signed: "{timestamp}.{body}" },
      says: "unit",
    },
    { id: "a tolerance of nothing", options: { toleranceSeconds: 60 }, says: "without timestamp" },
    {
      id: "a tolerance of 0",
      options: { ...member, signed: "{timestamp}.{body}", toleranceSeconds: 0 },
      says: "from 1 to",
    },
    {
      id: "a tolerance over a day",
      options: { ...member, signed: "{timestamp}.{body}", toleranceSeconds: 86_401 },
      says: "from 1 to",
    },
    { id: "a body over 1 MiB", options: { maxBytes: 1_048_577 }, says: "maxBytes" },
    { id: "half a byte", options: { maxBytes: 0.5 }, says: "maxBytes" },
  ])("$id", ({ options, says }) => {
    expect(() => hmacSender({ ...good, ...options })).toThrow(says);
  });

  it("nothing of what is allowed", () => {
    const most = { ...good, ...member, signed: "{timestamp}.{body}", toleranceSeconds: 86_400 };
    expect(() => hmacSender({ ...most, maxBytes: 1_048_576 })).not.toThrow();
  });
});

describe("hooks in the configuration", () => {
  const sender = hmacSender(good);

  it.each(["a", "shop", "my-shop-2", "a".repeat(32)])("may be called %s", (name) => {
    expect([...defineConfig({ hooks: { [name]: sender } }).hooks.keys()]).toEqual([name]);
  });

  it.each(["", "Shop", "2shop", "-shop", "my_shop", "my shop", "a/b", "ü", "a".repeat(33)])(
    "may not be called %j",
    (name) => {
      expect(refusalOf({ hooks: { [name]: sender } })).not.toBe("accepted");
    },
  );

  it.each([{}, null, "hmac", good, [], { open: true }])("may not be %j", (value) => {
    const refusal = refusalOf({ hooks: { shop: value as never } });
    expect(refusal).toContain("hooks.shop");
    expect(refusal).toContain("hmacSender");
  });
});
