// Which keys of a Redis cluster lie together (Redis Cluster Specification, "Key distribution model").
import type { Command } from "./connection.ts";

const slotCount = 16_384;
const ofDigest = /:([0-9a-f]{64})$/;

/** These have no key at all. */
const keyless: readonly string[] = ["PING", "INFO", "TIME"];
/** Of these every argument is a key. */
const ofKeys: readonly string[] = ["MGET", "DEL"];
/** These name their keys after a script and their number. */
const scripts: readonly string[] = ["EVAL", "EVAL_RO"];

/** Is it sent whole, since all its keys lie in one slot? */
export const isScript = (name: string): boolean => scripts.includes(name);

/** @returns the keys of a command, as far as this project sends it: else the first argument */
export function keysOf([name, ...args]: Command): readonly string[] {
  if (keyless.includes(name)) return [];
  if (ofKeys.includes(name)) return args;
  return isScript(name) ? args.slice(2, 2 + Number(args[1])) : args.slice(0, 1);
}

/** The command with its keys named for a cluster: what one transaction is about lies in one slot. */
export function inSlots(command: Command): Command {
  const [name, ...args] = command;
  const count = keysOf(command).length;
  const from = isScript(name) ? 2 : 0;
  const named = args.map((arg, at) => (at >= from && at < from + count ? keyInSlot(arg) : arg));
  return [name, ...named];
}

/**
 * A record and its lease lie where their digest says; all else of a namespace, such as its journal
 * and its switch, lies in one slot.
 */
export function keyInSlot(key: string): string {
  if (ofDigest.test(key)) return key.replace(ofDigest, ":{$1}");
  return key.replace(/^([^:]+):/, "{$1}:");
}

/** @returns the positions of the keys, those of one slot together */
export function positionsBySlot(keys: readonly string[]): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const [at, key] of keys.entries()) {
    const slot = slotOf(key);
    groups.set(slot, [...(groups.get(slot) ?? []), at]);
  }
  return [...groups.values()];
}

/** 0 to 16,383: of what stands between the first `{` and the next `}`, if anything does. */
export function slotOf(key: string): number {
  const tag = /\{([^}]+)\}/.exec(key.slice(Math.max(0, key.indexOf("{"))));
  const tagged = tag?.index === 0 ? tag[1] : undefined;
  return crc16(new TextEncoder().encode(tagged ?? key)) % slotCount;
}

/** CRC-16/XMODEM: polynomial 0x1021, from 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
    crc &= 0xffff;
  }
  return crc;
}
