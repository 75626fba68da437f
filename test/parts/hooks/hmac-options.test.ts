// Tests which options of hmacSender and which names of hooks are refused.
import { describe, expect, it } from "vitest";
import { hmacSender, type HmacSenderOptions, hooks } from "../../../src/parts/hooks/hooks.ts";

const good: HmacSenderOptions = {
  header: "x-signature",
  algorithm: "sha256",
  encoding: "hex",
  mapping: () => undefined,
};
const member = { member: "v1", timestamp: { member: "t", unit: "s" } } as const;

const signed = "{timestamp}.{body}";

describe("hmacSender", () => {
  it.each<[id: string, options: object, says: string]>([
    ["an unknown algorithm", { algorithm: "md5" }, "algorithm"],
    ["an unknown encoding", { encoding: "utf8" }, "encoding"],
    ["no mapping", { mapping: undefined }, "mapping"],
    ["no header", { header: undefined }, "header field"],
    ["a header with a space", { header: "x signature" }, "header field"],
    ["an id header with a colon", { idHeader: "x-id:" }, "header field"],
    ["a text without the body", { signed: "{timestamp}" }, "{body} exactly once"],
    ["the body twice", { signed: "{body}{body}" }, "{body} exactly once"],
    ["an unknown placeholder", { signed: "{id}.{body}" }, "placeholder"],
    [
      "an unsigned timestamp",
      { timestamp: { header: "x-time", unit: "s" } },
      "anyone could change",
    ],
    [
      "a timestamp twice",
      { ...member, signed: "{timestamp}{body}{timestamp}" },
      "exactly once, so anyone",
    ],
    ["a placeholder without a timestamp", { signed }, "timestamp is not set"],
    [
      "a timestamp member without a signature member",
      { timestamp: member.timestamp, signed },
      "without member",
    ],
    ["an unknown unit", { ...member, timestamp: { member: "t", unit: "m" }, signed }, "unit"],
    ["a tolerance without a timestamp", { toleranceSeconds: 60 }, "without timestamp"],
    ["a tolerance of 0", { ...member, signed, toleranceSeconds: 0 }, "from 1 to"],
    ["a tolerance over a day", { ...member, signed, toleranceSeconds: 86_401 }, "from 1 to"],
    ["a body over 1 MiB", { maxBytes: 1_048_577 }, "maxBytes"],
    ["a limit of half a byte", { maxBytes: 0.5 }, "maxBytes"],
  ])("refuses %s", (_, options, says) => {
    expect(() => hmacSender({ ...good, ...options })).toThrow(says);
  });

  it("accepts the maximum values", () => {
    const most = { ...good, ...member, signed, toleranceSeconds: 86_400, maxBytes: 1_048_576 };
    expect(() => hmacSender(most)).not.toThrow();
  });
});

describe("a hook in the configuration", () => {
  const sender = hmacSender(good);

  it.each(["a", "shop", "my-shop-2", "a".repeat(32)])("may have the name %s", (name) => {
    expect(() => hooks({ [name]: sender })).not.toThrow();
  });

  it.each(["", "Shop", "2shop", "-shop", "my_shop", "my shop", "a/b", "ü", "a".repeat(33)])(
    "may not have the name %j",
    (name) => {
      expect(() => hooks({ [name]: sender })).toThrow("is not a valid name");
    },
  );

  it("are refused with the rule for names, and otherwise with an example", () => {
    expect(() => hooks({ Shop: sender })).toThrow(
      '"Shop" is not a valid name: write a small letter, then up to 31 small letters, digits or -.',
    );
    expect(() => hooks([] as never)).toThrow(
      "It needs an object of senders by name, such as { sender: hmacSender({ … }) }.",
    );
  });

  it.each([{}, null, "hmac", good, [[]], { open: true }])("may not be %j", (value) => {
    expect(() => hooks({ shop: value as never })).toThrow("shop is not a sender: write hmacSender");
  });
});
