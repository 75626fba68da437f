// Queries the server for the kinds of its commands, instead of listing the commands here.
import type { RedisConnection } from "./redis-connection.ts";

export type CommandKind = "read" | "write" | "neither";

/** Commands that may write, although the server does not flag them as writes. */
const unflaggedWriteNames = ["EVAL", "EVALSHA", "FCALL", "SCRIPT", "FUNCTION"];

/**
 * Returns the kind of each command by its name in upper case. If the server does not answer, returns
 * only the kinds of `unflaggedWriteNames`.
 */
export async function commandKinds(
  connection: RedisConnection,
): Promise<ReadonlyMap<string, CommandKind>> {
  const outcome = await connection.send(["COMMAND"]);
  const rows = outcome.kind === "replied" && Array.isArray(outcome.reply) ? outcome.reply : [];
  const kinds = new Map<string, CommandKind>();
  for (const row of rows) {
    const [name, , flags] = Array.isArray(row) ? row : [];
    if (Array.isArray(flags)) kinds.set(String(name).toUpperCase(), kindOf(flags.map(String)));
  }
  for (const name of unflaggedWriteNames) kinds.set(name, "write");
  return kinds;
}

function kindOf(flags: readonly string[]): CommandKind {
  if (flags.includes("write")) return "write";
  return flags.includes("readonly") ? "read" : "neither";
}
