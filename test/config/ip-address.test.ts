// Compares the reading of IP addresses and networks with Node's.
import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalAddress, isInNetworks, networkIn } from "../../src/config/trust-proxy.ts";

describe("the canonical form of an address", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::1", "::1"],
  ])("turns %s into %s", (written, canonical) => expect(canonicalAddress(written)).toBe(canonical));

  it.each(["", " ", "a b", ..."1 192.0.2 192.0.2.256 010.0.0.1 0x7f.0.0.1 ::1]/ ::g".split(" ")])(
    "is undefined for %j, which is not an address",
    (written) => expect(canonicalAddress(written)).toBeUndefined(),
  );

  it("exists for exactly the texts that Node accepts as addresses", () => {
    const similar = fc.stringMatching(/^[\da-f:.%]{0,20}$/);
    const texts = fc.oneof(fc.ipV4(), fc.ipV6(), similar, fc.string());
    fc.assert(
      fc.property(texts, (text) => {
        const canonical = canonicalAddress(text);
        const isAddress = isIP(text) !== 0;
        expect([text, canonical !== undefined]).toEqual([text, isAddress]);
        expect(isIP(canonical ?? "::") !== 0).toBe(true);
      }),
      { seed: 31, numRuns: 2_000 },
    );
  });
});

describe("a network", () => {
  it.each("10.0.0.1/8 10.0.0.0/33 ::/129 10.0.0.0/ 10.0.0.0/08 /8 loopback 10/8".split(" "))(
    "cannot be read from %s",
    (text) => expect(networkIn(text)).toBeUndefined(),
  );

  it("contains the same addresses as in Node", () => {
    const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");
    const cases = fc.oneof(
      fc.record({ of: fc.ipV4(), bits: fc.integer({ min: 1, max: 32 }) }),
      fc.record({ of: fc.ipV6(), bits: fc.integer({ min: 1, max: 128 }) }),
    );
    const addresses = fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(cases, addresses, ({ of, bits }, others) => {
        const total = isIP(of) === 4 ? 32 : 128;
        const network = networkIn(of)!;
        const cut = BigInt(total - bits);
        const prefixBits = network.prefixBits - Number(cut);
        const widened = { prefix: network.prefix >> cut, prefixBits };
        const list = new BlockList();
        list.addSubnet(of, bits, family(of));
        for (const address of [of, ...others]) {
          const here = isInNetworks(address, [widened]);
          expect([address, here]).toEqual([address, list.check(address, family(address))]);
        }
      }),
      { seed: 31, numRuns: 2_000 },
    );
  });

  it.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["0.0.0.0/0", "255.0.0.1", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["192.0.2.1", "192.0.2.1", true],
    ["10.0.0.0/8", "no address", false],
  ])("tells whether %s contains %s: %s", (network, address, has) =>
    expect(isInNetworks(address, [networkIn(network)!])).toBe(has),
  );
});
