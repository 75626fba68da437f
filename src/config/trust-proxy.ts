// `trustProxy`: the proxies that a Node server trusts for the client's address, scheme and host.
import { isInNetworks, networkIn } from "./ip-address.ts";
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
