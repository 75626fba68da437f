// Asks the server which commands read and which write, so that no list is needed here.
import type { RedisConnection } from "./redis-connection.ts";

export type CommandKind = "read" | "write" | "neither";

/** Commands without a flag that may write. */
const unflaggedWriteNames = ["EVAL", "EVALSHA", "FCALL", "SCRIPT", "FUNCTION"];

/** Returns kinds by name in upper case; empty if the server did not answer. */
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
