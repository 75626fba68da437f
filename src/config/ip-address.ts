// IP addresses and networks as text (RFC 4291, RFC 4632). Node's `net.BlockList` does the same, but a
// Worker bundles no module of Node.

/** Before the two groups of an IPv4 address that is written as one of IPv6 (RFC 4291 §2.5.5.2). */
const mappedPrefix = ["0", "0", "0", "0", "0", "ffff"];

const groupCount = 8;
const groupBits = 16;
const addressBits = groupCount * groupBits;
const ipv4Bits = 32;

/**
 * The eight groups of an address, an IPv4 address as the IPv6 address that stands for it.
 *
 * @param address without a port, brackets or a zone
 * @returns hexadecimal groups without leading zeros; `undefined` for what is no address
 */
export function addressGroups(address: string): readonly string[] | undefined {
  const isDotted = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address);
  if (!isDotted && !/^[\da-f.]*:[\da-f:.]+$/i.test(address)) return undefined;
  // The URL standard has the one parser that every runtime shares; in brackets it takes no octal IPv4.
  const literal = `http://[${isDotted ? "::ffff:" : ""}${address}]`;
  if (!URL.canParse(literal)) return undefined;
  const written = new URL(literal).hostname.slice(1, -1);
  const [first = [], last = []] = written.split("::").map((part) => part.match(/[^:]+/g) ?? []);
  const missing = groupCount - first.length - last.length;
  return [...first, ...Array.from({ length: missing }, () => "0"), ...last];
}

/** Whether the groups are those of an IPv4 address. */
export function isMapped(groups: readonly string[]): boolean {
  return mappedPrefix.every((group, index) => groups[index] === group);
}

/** The IPv4 address of groups that stand for one, in dotted decimals. */
export function dottedAddress(groups: readonly string[]): string {
  const numbers = groups.slice(mappedPrefix.length).map((group) => Number.parseInt(group, 16));
  return numbers.flatMap((number) => [number >> 8, number & 255]).join(".");
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * An address in the one spelling by which it is compared: IPv4 dotted, also where a socket of both
 * families writes it as IPv6; IPv6 as RFC 5952 writes it, without a zone.
 *
 * @returns `undefined` for what is no address
 */
export function canonicalAddress(address: string): string | undefined {
  const plain = mapped.exec(address)?.[1] ?? address.replace(/%[\da-z.:-]+$/i, "");
  const groups = addressGroups(plain);
  if (groups === undefined) return undefined;
  if (isMapped(groups)) return dottedAddress(groups);
  return new URL(`http://[${plain}]`).hostname.slice(1, -1);
}

/** A network: the bits of its prefix, and how many they are of 128. */
export interface Network {
  readonly prefix: bigint;
  readonly prefixBits: number;
}

/**
 * Reads a network in CIDR notation, or one address as a network of itself.
 *
 * @param text such as `10.0.0.0/8` or `2001:db8::/32`; bits behind the prefix must be 0
 * @returns `undefined` for what is none
 */
export function networkIn(text: string): Network | undefined {
  const [, address = "", stated] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const groups = addressGroups(address);
  if (groups === undefined) return undefined;
  const offsetBits = address.includes(":") ? 0 : addressBits - ipv4Bits;
  const prefixBits = stated === undefined ? addressBits : offsetBits + Number(stated);
  if (prefixBits > addressBits) return undefined;
  const all = bitsOf(groups);
  const prefix = all >> BigInt(addressBits - prefixBits);
  const isWhole = prefix << BigInt(addressBits - prefixBits) === all;
  return isWhole ? { prefix, prefixBits } : undefined;
}

/** @returns whether one of the networks has the address; `false` for what is no address */
export function isInNetworks(address: string, networks: readonly Network[]): boolean {
  const groups = addressGroups(address);
  if (groups === undefined) return false;
  const all = bitsOf(groups);
  return networks.some(
    ({ prefix, prefixBits }) => all >> BigInt(addressBits - prefixBits) === prefix,
  );
}

function bitsOf(groups: readonly string[]): bigint {
  return groups.reduce((bits, group) => (bits << BigInt(groupBits)) | BigInt(`0x${group}`), 0n);
}
