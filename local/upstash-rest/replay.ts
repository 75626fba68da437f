// Converts a write of the primary to one that has the same effect later: with the primary's ID, an
// absolute expiry and no condition.
import type { CommandOutcome, RedisArgument, RedisCommand } from "./redis-connection.ts";

export interface ExecutedCommand {
  command: RedisCommand;
  outcome: CommandOutcome;
  /** Epoch milliseconds, the start of a relative expiry. */
  executedAtMs: number;
}

/** Commands whose effect depends on chance or on the time, except those that the library sends. */
const unreplayableNames: ReadonlySet<string> = new Set([
  ..."SPOP SETNX SETEX PSETEX GETEX EXPIRE EXPIREAT PEXPIREAT".split(" "),
  ..."HEXPIRE HPEXPIRE HSETEX HGETEX RESTORE".split(" "),
]);

/** Returns the part of a command that cannot be repeated later, such as "SPOP" or "SET with EX". */
export function unreplayablePart([name, , , ...options]: RedisCommand): string | undefined {
  if (unreplayableNames.has(name)) return name;
  const other = options.find((one) => !/^(?:NX|XX|PX|\d+)$/i.test(one.toString()));
  return name === "SET" && other !== undefined ? `SET with ${other.toString()}` : undefined;
}

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
  const [name, key = "", amount] = command;
  if (outcome.kind !== "replied" || scriptNames.has(name)) return undefined;
  const { reply } = outcome;
  switch (name) {
    case "XADD":
      return Buffer.isBuffer(reply) ? withStreamId(command, reply) : undefined;
    case "SET":
      return reply === null ? undefined : absoluteSet(executed);
    case "PEXPIRE":
      return reply === 1 ? ["PEXPIREAT", key, instantOf(executed, amount)] : undefined;
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

function absoluteSet(executed: ExecutedCommand): RedisCommand {
  const [, key = "", value = "", ...options] = executed.command;
  const at = options.map(upper).indexOf("PX");
  const expiry = at < 0 ? [] : ["PXAT", instantOf(executed, options[at + 1])];
  return ["SET", key, value, ...expiry];
}

function instantOf({ executedAtMs }: ExecutedCommand, amountMs: RedisArgument | undefined): string {
  return String(executedAtMs + Number(amountMs?.toString()));
}

function upper(argument: RedisArgument | undefined): string {
  return argument?.toString().toUpperCase() ?? "";
}
