// Assigns keys to the slots of a Redis cluster (Redis Cluster Specification, "Key distribution
// model").
import type { WireCommand } from "./connection.ts";

const slotCount = 16_384;
const ofDigest = /:([0-9a-f]{64})$/;

/** Commands without keys. */
const keyless: readonly string[] = ["PING", "INFO", "TIME"];
/** Commands whose arguments are all keys. */
const ofKeys: readonly string[] = ["MGET", "DEL"];
/** Commands whose keys follow a script, or its digest, and the number of keys. */
const scripts: readonly string[] = ["EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO"];

/** Returns whether the command runs a script. A script is never divided by slots. */
export const isScript = (name: string): boolean => scripts.includes(name);

/** Returns a command's keys. By default, the first argument is the key. */
export function keysOf(command: WireCommand): readonly string[] {
  const { from, to } = rangeOfKeys(command);
  return command.slice(from, to);
}

/** Renames a command's keys for a cluster, so that keys of one transaction share a slot. */
export function inSlots(command: WireCommand): WireCommand {
  const { from, to } = rangeOfKeys(command);
  const [name, ...args] = command;
  return [name, ...args.map((arg, at) => (at + 1 >= from && at + 1 < to ? keyInSlot(arg) : arg))];
}

/** Returns the positions in a command of its first key, and after its last one. */
function rangeOfKeys(command: WireCommand): { readonly from: number; readonly to: number } {
  const [name] = command;
  if (keyless.includes(name)) return { from: 1, to: 1 };
  if (ofKeys.includes(name)) return { from: 1, to: command.length };
  if (isScript(name)) return { from: 3, to: 3 + Number(command[2]) };
  if (name !== "XREAD") return { from: 1, to: 2 };
  // The keys, then as many IDs.
  const from = command.indexOf("STREAMS") + 1;
  return { from, to: (from + command.length) / 2 };
}

/**
 * Adds a hash tag to a key. A record and its lock share the slot of their digest. The other keys
 * of a namespace, such as those of the journal and the switch, share one slot.
 */
export function keyInSlot(key: string): string {
  if (ofDigest.test(key)) return key.replace(ofDigest, ":{$1}");
  return key.replace(/^([^:]+):/, "{$1}:");
}

/** Returns the positions of the keys, grouped by slot. */
export function positionsBySlot(keys: readonly string[]): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const [at, key] of keys.entries()) {
    const slot = slotOf(key);
    groups.set(slot, [...(groups.get(slot) ?? []), at]);
  }
  return [...groups.values()];
}

/**
 * Returns a key's slot, 0 to 16,383. The text between the first `{` and the next `}` determines the
 * slot; without such a text, the whole key does.
 */
export function slotOf(key: string): number {
  const tag = /\{([^}]+)\}/.exec(key.slice(Math.max(0, key.indexOf("{"))));
  const tagged = tag?.index === 0 ? tag[1] : undefined;
  return crc16(new TextEncoder().encode(tagged ?? key)) % slotCount;
}

/** Computes CRC-16/XMODEM: polynomial 0x1021, initial value 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
    crc &= 0xffff;
  }
  return crc;
}
