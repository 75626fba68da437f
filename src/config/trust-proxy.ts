// `trustProxy`: the proxies that a Node server trusts for the client's address, scheme and host.
import type { WrittenConfig } from "./written.ts";

/** Named networks, as in Express. */
const namedNetworks: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  uniquelocal: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

const names = Object.keys(namedNetworks);
const hopsMax = 20;

const isNetwork = (item: unknown) =>
  typeof item === "string" && (names.includes(item) || networkIn(item) !== undefined);

/** Returns whether the value is valid for `trustProxy`. */
export function mayTrust(input: unknown): boolean {
  if (Array.isArray(input)) return input.length > 0 && input.every(isNetwork);
  return (
    input === false || (Number.isInteger(input) && Number(input) >= 1 && Number(input) <= hopsMax)
  );
}

const right = `write false, a number of proxies from 1 to ${hopsMax}, or a list such as ["10.0.0.0/8"]`;

/** Returns the error for an invalid value. */
export function trustFault(input: unknown): string {
  if (input === true) return `true would let every client forge its address: ${right}`;
  if (!Array.isArray(input)) return `must be a number of proxies or a list of networks: ${right}`;
  const wrong: unknown = input.find((item) => !isNetwork(item));
  if (wrong === undefined) return `is empty: ${right}`;
  return (
    `${JSON.stringify(wrong)} is not a network: write an address, a network such as "10.0.0.0/8" ` +
    `whose host bits are 0, or one of ${names.join(", ")}`
  );
}

/**
 * Returns whether a peer is a trusted proxy.
 *
 * @param address of the peer; `undefined` for a socket without one, such as a Unix socket
 * @param hop 0 for the connection's peer, 1 for the client of that peer, and so on
 */
export type TrustsPeer = (address: string | undefined, hop: number) => boolean;

/** Returns a function that judges peers; `undefined` if no proxy is trusted. */
export function trustOf(written: WrittenConfig["trustProxy"]): TrustsPeer | undefined {
  if (written === undefined || written === false) return undefined;
  if (typeof written === "number") return (_, hop) => hop < written;
  const texts = written.flatMap((text) => namedNetworks[text] ?? [text]);
  const networks = texts.flatMap((text) => networkIn(text) ?? []);
  return (address) => address !== undefined && isInNetworks(address, networks);
}

/** Prefix of IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2). */
const mappedPrefix = ["0", "0", "0", "0", "0", "ffff"];

const groupCount = 8;
const groupBits = 16;
const addressBits = groupCount * groupBits;
const ipv4Bits = 32;

/**
 * Returns the eight groups of an address. An IPv4 address becomes an IPv4-mapped IPv6 address.
 *
 * @param address without port, brackets or zone
 * @returns hexadecimal without leading zeros; `undefined` for an invalid address
 */
export function addressGroups(address: string): readonly string[] | undefined {
  const isDotted = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address);
  if (!isDotted && !/^[\da-f.]*:[\da-f:.]+$/i.test(address)) return undefined;
  // Parse the address as part of a URL, which every runtime can do. In brackets, the parser rejects
  // IPv4 numbers with leading zeros, which it otherwise reads as octal.
  const literal = `http://[${isDotted ? "::ffff:" : ""}${address}]`;
  if (!URL.canParse(literal)) return undefined;
  const written = new URL(literal).hostname.slice(1, -1);
  const [first = [], last = []] = written.split("::").map((part) => part.match(/[^:]+/g) ?? []);
  const missing = groupCount - first.length - last.length;
  return [...first, ...Array.from({ length: missing }, () => "0"), ...last];
}

/** Returns whether the groups are an IPv4-mapped address. */
export function isMapped(groups: readonly string[]): boolean {
  return mappedPrefix.every((group, index) => groups[index] === group);
}

/** Returns the IPv4 address of an IPv4-mapped IPv6 address, in dotted decimals. */
export function dottedAddress(groups: readonly string[]): string {
  const numbers = groups.slice(mappedPrefix.length).map((group) => Number.parseInt(group, 16));
  return numbers.flatMap((number) => [number >> 8, number & 255]).join(".");
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Returns the canonical spelling of an address, for comparison; `undefined` if the address is
 * invalid. IPv4 and IPv4-mapped addresses become dotted decimals. IPv6 addresses are spelled by RFC
 * 5952, without a zone.
 */
export function canonicalAddress(address: string): string | undefined {
  const plain = mapped.exec(address)?.[1] ?? address.replace(/%[\da-z.:-]+$/i, "");
  const groups = addressGroups(plain);
  if (groups === undefined) return undefined;
  if (isMapped(groups)) return dottedAddress(groups);
  return new URL(`http://[${plain}]`).hostname.slice(1, -1);
}

/** A network: its prefix, and the number of the prefix's bits, out of 128. */
export interface Network {
  readonly prefix: bigint;
  readonly prefixBits: number;
}

/**
 * Parses a network in CIDR notation, or a single address.
 *
 * @param text such as `10.0.0.0/8` or `2001:db8::/32`; host bits must be 0
 * @returns `undefined` if invalid
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

/** Returns whether one of the networks contains the address; false for an invalid address. */
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
