// Converts a write of the primary to one that has the same effect later: with the primary's ID, an
// absolute expiry and no condition.
import type { CommandOutcome, RedisArgument, RedisCommand } from "./redis-connection.ts";

export interface ExecutedCommand {
  command: RedisCommand;
  outcome: CommandOutcome;
  /** Epoch milliseconds, the start of a relative expiry. */
  executedAtMs: number;
}

/** Commands whose effect depends on chance, or on the time in a way that their reply does not show. */
export const unreplayableNames: ReadonlySet<string> = new Set(
  "SPOP HEXPIRE HPEXPIRE HSETEX HGETEX RESTORE".split(" "),
);

const scriptNames = new Set("EVAL EVALSHA FCALL".split(" "));

/**
 * Returns the keys of a script. The caller copies their new state, because the script may use the
 * time.
 */
export function keysOfScript([name, , count, ...args]: RedisCommand): readonly RedisArgument[] {
  return scriptNames.has(name) ? args.slice(0, Number(count)) : [];
}

/** Returns `undefined` for a failed command, for one whose condition did not hold, and for a script. */
export function replayOf(executed: ExecutedCommand): RedisCommand | undefined {
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

/** Replaces the ID: the first argument after the key that does not belong to an option. */
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

/**
 * Returns whether a SET wrote. With GET, the reply is the old value, which shows the condition only
 * indirectly.
 */
function setWasApplied({ command, outcome }: ExecutedCommand): boolean {
  if (outcome.kind !== "replied") return false;
  const words = new Set(command.slice(3).map(upper));
  if (!words.has("GET")) return outcome.reply !== null;
  if (words.has("NX")) return outcome.reply === null;
  return words.has("XX") ? outcome.reply !== null : true;
}

function absoluteSet(executed: ExecutedCommand): RedisCommand {
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

function getExpiry(executed: ExecutedCommand): RedisCommand | undefined {
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

function instantOf(
  executed: ExecutedCommand,
  unit: 1 | 1_000,
  amount: RedisArgument | undefined,
): string {
  return String(executed.executedAtMs + Number(amount?.toString()) * unit);
}

function upper(argument: RedisArgument | undefined): string {
  return argument?.toString().toUpperCase() ?? "";
}
