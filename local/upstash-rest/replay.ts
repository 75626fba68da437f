// How a write that the primary has carried out is repeated later with the same effect: with the ID
// the primary gave, with expiry as an instant, and without its condition. Pure.
import type { CommandOutcome, RedisArgument, RedisCommand } from "./redis-connection.ts";

export interface Executed {
  command: RedisCommand;
  outcome: CommandOutcome;
  /** Epoch milliseconds; relative expiry counts from here. */
  executedAtMs: number;
}

/** Their effect depends on chance, or on the instant in a way their reply does not tell. */
export const unreplayableNames: ReadonlySet<string> = new Set(
  "SPOP HEXPIRE HPEXPIRE HSETEX HGETEX RESTORE".split(" "),
);

const scriptNames = new Set("EVAL EVALSHA FCALL".split(" "));

/** @returns the keys that a script names: what it did to them is copied, since it may ask the time */
export function keysOfScript([name, , count, ...args]: RedisCommand): readonly RedisArgument[] {
  return scriptNames.has(name) ? args.slice(0, Number(count)) : [];
}

/** @returns undefined when there is nothing to repeat: it failed, its condition did not hold, or it is a script */
export function replayOf(executed: Executed): RedisCommand | undefined {
  const { command, outcome } = executed;
  const [name, key = "", ...args] = command;
  if (outcome.kind !== "replied" || scriptNames.has(name)) return undefined;
  const { reply } = outcome;
  switch (name) {
    case "XADD":
      return Buffer.isBuffer(reply) ? withStreamId(command, reply) : undefined;
    case "SET":
      return setWasApplied(executed) ? absoluteSet(executed) : undefined;
    case "SETNX":
      return reply === 1 ? ["SET", key, ...args] : undefined;
    case "SETEX":
    case "PSETEX":
      return ["SET", key, args[1] ?? "", "PXAT", instantOf(executed, unitMs(name), args[0])];
    case "GETEX":
      return getExpiry(executed);
    case "EXPIRE":
    case "PEXPIRE":
      if (reply !== 1) return undefined;
      return ["PEXPIREAT", key, instantOf(executed, unitMs(name), args[0])];
    case "EXPIREAT":
    case "PEXPIREAT":
      return reply === 1 ? [name, key, args[0] ?? ""] : undefined;
    default:
      return command;
  }
}

/** The ID is the first argument after the key that no option takes. */
function withStreamId(command: RedisCommand, id: Buffer): RedisCommand {
  const [name, ...args] = command;
  let index = 1;
  for (; index < args.length; index += 1) {
    const word = upper(args[index]);
    if (word === "NOMKSTREAM") continue;
    if (word !== "MAXLEN" && word !== "MINID" && word !== "LIMIT") break;
    const next = upper(args[index + 1]);
    index += next === "~" || next === "=" ? 2 : 1;
  }
  return [name, ...args.with(index, id)];
}

/** With GET the reply is the former value, and tells of the condition only indirectly. */
function setWasApplied({ command, outcome }: Executed): boolean {
  if (outcome.kind !== "replied") return false;
  const words = new Set(command.slice(3).map(upper));
  if (!words.has("GET")) return outcome.reply !== null;
  if (words.has("NX")) return outcome.reply === null;
  return words.has("XX") ? outcome.reply !== null : true;
}

function absoluteSet(executed: Executed): RedisCommand {
  const [, key = "", value = "", ...options] = executed.command;
  const kept: RedisArgument[] = [];
  const rest = options.values();
  for (const option of rest) {
    const word = upper(option);
    if (word === "NX" || word === "XX" || word === "GET") continue;
    if (word !== "EX" && word !== "PX") kept.push(option);
    else kept.push("PXAT", instantOf(executed, word === "EX" ? 1_000 : 1, rest.next().value));
  }
  return ["SET", key, value, ...kept];
}

function getExpiry(executed: Executed): RedisCommand | undefined {
  const [, key = "", option, amount] = executed.command;
  switch (upper(option)) {
    case "EX":
      return ["PEXPIREAT", key, instantOf(executed, 1_000, amount)];
    case "PX":
      return ["PEXPIREAT", key, instantOf(executed, 1, amount)];
    case "EXAT":
      return ["EXPIREAT", key, amount ?? ""];
    case "PXAT":
      return ["PEXPIREAT", key, amount ?? ""];
    case "PERSIST":
      return ["PERSIST", key];
    default:
      return undefined;
  }
}

function unitMs(name: string): 1 | 1_000 {
  return name.startsWith("P") ? 1 : 1_000;
}

function instantOf(executed: Executed, unit: 1 | 1_000, amount: RedisArgument | undefined): string {
  return String(executed.executedAtMs + Number(amount?.toString()) * unit);
}

function upper(argument: RedisArgument | undefined): string {
  return argument?.toString().toUpperCase() ?? "";
}
