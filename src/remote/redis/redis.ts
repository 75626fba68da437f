// The form in which Redis commands are sent and refused, the same over REST and over a connection.

/** A command: its name in upper case, then its arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]];

/** `single`: one command. `pipeline`: commands that run each on its own. `multi-exec`: a transaction. */
export type Form = "single" | "pipeline" | "multi-exec";

/**
 * Sends commands together. Returns a reply for each; that of a refused command is a `RedisRefusal`.
 * Rejects without replies.
 */
export type Send = (form: Form, commands: readonly Command[]) => Promise<readonly unknown[]>;

/** A refusal by the database. The message is that of Redis, which may quote values. */
export class RedisRefusal extends Error {
  override readonly name = "RedisRefusal";
}

/** The database's address answers otherwise than Redis does. The message is the answer. */
export class NotRedis extends Error {
  override readonly name = "NotRedis";
}

/** Sends commands for one call, with its timeout. */
export class Redis {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Sends a command, and rejects with its refusal. */
  async exec<Reply = unknown>(command: Command): Promise<Reply> {
    const [reply] = await this.#send("single", [command]);
    if (reply instanceof RedisRefusal) throw reply;
    return reply as Reply;
  }

  /**
   * Sends commands that run each on its own. Rejects with the first refusal, or with `keepsRefusals`
   * returns refusals among the replies.
   */
  async pipeline(
    commands: readonly Command[],
    { keepsRefusals = false } = {},
  ): Promise<readonly unknown[]> {
    const replies = await this.#send("pipeline", commands);
    return keepsRefusals ? replies : unlessRefused(replies);
  }

  /** Sends a transaction, and rejects with its first refusal. The other commands then may have run. */
  async multi(commands: readonly Command[]): Promise<readonly unknown[]> {
    return unlessRefused(await this.#send("multi-exec", commands));
  }
}

/** @throws the first refusal among the replies */
function unlessRefused(replies: readonly unknown[]): readonly unknown[] {
  const refusal = replies.find((reply) => reply instanceof RedisRefusal);
  if (refusal !== undefined) throw refusal;
  return replies;
}

/** Returns the command that runs a script. `EVAL_RO` runs a script that only reads. */
export function scriptCommand(
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
  name: "EVAL" | "EVAL_RO" = "EVAL",
): Command {
  return [name, script, keys.length, ...keys, ...args];
}
