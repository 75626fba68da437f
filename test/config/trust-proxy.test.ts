// Tests the option `trustProxy`: the values it accepts, and the messages for other values.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { openSite } from "../../testing/site/harness.ts";

const trusting = (trustProxy: unknown) => defineConfig({ trustProxy } as never).trustsPeer;

it("trusts no proxy by default", () => {
  expect([defineConfig({}).trustsPeer, trusting(false)]).toEqual([undefined, undefined]);
});

it("trusts a number of proxies, counted from the connection", () => {
  const trusts = trusting(2)!;
  expect([0, 1, 2].map((hop) => trusts(undefined, hop))).toEqual([true, true, false]);
});

it("trusts networks that are given by name or in CIDR notation", () => {
  const trusts = trusting(["loopback", "linklocal", "uniquelocal", "198.51.100.0/24"])!;
  const trusted =
    "127.9.9.9 ::1 169.254.1.1 fe80::1 10.1.1.1 172.31.0.1 192.168.1.1 fd00::1 198.51.100.9";
  for (const address of trusted.split(" "))
    expect([address, trusts(address, 9)]).toEqual([address, true]);
  for (const address of ["198.51.101.1", "172.32.0.1", "2001:db8::1", undefined]) {
    expect([address, trusts(address, 0)]).toEqual([address, false]);
  }
});

describe("an invalid trustProxy", () => {
  it.each<[unknown, string]>([
    [true, "true would let every client forge its address"],
    [0, "number of proxies from 1 to 20"],
    [-1, "number of proxies from 1 to 20"],
    [1.5, "number of proxies from 1 to 20"],
    [21, "number of proxies from 1 to 20"],
    [Infinity, "number of proxies from 1 to 20"],
    ["loopback", "a list such as"],
    [null, "a list such as"],
    [{}, "a list such as"],
    [[], "is empty"],
    [["10.0.0.0/33"], '"10.0.0.0/33" is not a network'],
    [["10.0.0.1/8"], "whose host bits are 0"],
    [["loopback", "localhost"], '"localhost" is not a network'],
    [[1], "1 is not a network"],
    [["10.0.0.0/8, loopback"], "is not a network"],
  ])("is refused with its reason: %j", (written, why) => {
    expect(() => trusting(written)).toThrow(`trustProxy: `);
    expect(() => trusting(written)).toThrow(why);
  });
});

it("warns on Workers that trustProxy has no effect", async () => {
  const site = openSite({ config: { trustProxy: 1 } });
  await site.get("/a");
  expect(site.log).toEqual([expect.stringContaining("trustProxy has no effect. On Workers")]);
});
