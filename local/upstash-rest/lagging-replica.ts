// A stand-in for a database replica that receives each write some time after the primary made it:
// a second embedded Valkey, brought up to date just before each read. Writes made past this server
// are not seen; the other limits stand at LaggingReplica.
import { OperatorError } from "../../src/base/operator-error.ts";
import { startEmbeddedValkey, type EmbeddedValkey } from "../embedded-valkey.ts";
import { commandKinds, type CommandKind } from "./command-kinds.ts";
import {
  connectToRedis,
  type CommandOutcome,
  type RedisCommand,
  type RedisConnection,
} from "./redis-connection.ts";
import { replayOf, unreplayableNames } from "./replay.ts";
import { restoreCommands, snapshotOf } from "./snapshot.ts";

/** One turn at the primary: open, without an instant, until its reply is there. */
interface Step {
  executedAtMs: number | undefined;
  commands: readonly RedisCommand[];
}

export interface Recording {
  /**
   * Must be called once; with an empty list when nothing was executed, or nobody knows.
   *
   * @param left the keys of scripts as these left them, as `readKeys` gives it
   */
  end(
    executed: readonly { command: RedisCommand; outcome: CommandOutcome }[],
    left?: CommandOutcome,
  ): void;
}

/**
 * Limits of the imitation, beside writes made past this server: what the primary held when the lag
 * was switched on is seen at once; after a restart of the primary its whole state is taken over,
 * the lag later; what a script does to keys that it was not given is not repeated; a write to a key
 * that expires before the write is repeated starts it anew; approximate trimming may differ by some
 * entries; XINFO, OBJECT and MEMORY ask the primary.
 */
export class LaggingReplica {
  readonly #primary: RedisConnection;
  readonly #valkey: EmbeddedValkey;
  readonly #connection: RedisConnection;
  readonly #kinds: ReadonlyMap<string, CommandKind>;
  /** In the order of the primary; what is due is taken from the front. */
  readonly #steps: Step[] = [];
  #lagMs = 0;
  #divergence: string | undefined;

  private constructor(given: {
    primary: RedisConnection;
    valkey: EmbeddedValkey;
    connection: RedisConnection;
    kinds: ReadonlyMap<string, CommandKind>;
  }) {
    this.#primary = given.primary;
    this.#valkey = given.valkey;
    this.#connection = given.connection;
    this.#kinds = given.kinds;
  }

  /** @throws OperatorError when no second Valkey starts, or it cannot take the primary's state */
  static async start(primary: RedisConnection): Promise<LaggingReplica> {
    const valkey = await startEmbeddedValkey();
    try {
      const connection = await connectToRedis(valkey.url);
      const kinds = await commandKinds(connection);
      const replica = new LaggingReplica({ primary, valkey, connection, kinds });
      await replica.#copyPrimaryAtStart();
      // The primary may have come back empty, and what it last received is not known.
      primary.onReconnected(() => void replica.#copyPrimary());
      return replica;
    } catch (cause) {
      await valkey.stop();
      throw cause;
    }
  }

  /** @returns undefined unless the command has effects that cannot be repeated later */
  refusalOf([name]: RedisCommand): string | undefined {
    if (this.#lagMs === 0 || !unreplayableNames.has(name)) return undefined;
    return `ERR ${name} is not available here while a replica lag is imitated: set the lag to 0.`;
  }

  /** Whether it is a read, and the lag is above 0. */
  answers([name]: RedisCommand): boolean {
    return this.#lagMs > 0 && this.#kinds.get(name) === "read";
  }

  /** From the state that the primary had the lag ago. Never rejects. */
  async read(command: RedisCommand): Promise<CommandOutcome> {
    this.#repeatWhatIsDue();
    const outcome = await this.#connection.send(command);
    if (this.#divergence === undefined) return outcome;
    return { kind: "refused", message: this.#divergence };
  }

  /** To be called before the primary is asked, in the order in which it is asked. */
  beginRecording(): Recording {
    const step: Step = { executedAtMs: undefined, commands: [] };
    this.#steps.push(step);
    return {
      end: (executed, left) => {
        const executedAtMs = Date.now();
        const writes = executed.filter(({ command }) => this.#writes(command));
        const repeats = writes.map((each) => replayOf({ ...each, executedAtMs }));
        const restores = left?.kind === "replied" ? restoreCommands(left.reply) : [];
        const commands = [...repeats.filter((repeat) => repeat !== undefined), ...restores];
        this.#finish(step, { executedAtMs, commands });
      },
    };
  }

  /** A longer lag does not take back what was seen already. */
  setLagMs(lagMs: number): void {
    this.#lagMs = lagMs;
  }

  async stop(): Promise<void> {
    this.#connection.close();
    await this.#valkey.stop();
  }

  /** A command that this Valkey does not know is recorded, so that repeating it fails aloud. */
  #writes([name]: RedisCommand): boolean {
    return (this.#kinds.get(name) ?? "write") === "write";
  }

  #finish(step: Step, done: { executedAtMs: number; commands: readonly RedisCommand[] }): void {
    Object.assign(step, done);
    // Also here, so that a database that is only written to does not gather steps without bound.
    this.#repeatWhatIsDue();
  }

  #repeatWhatIsDue(): void {
    const untilMs = Date.now() - this.#lagMs;
    let step = this.#steps[0];
    while (step?.executedAtMs !== undefined && step.executedAtMs <= untilMs) {
      for (const command of step.commands) void this.#repeat(command);
      this.#steps.shift();
      step = this.#steps[0];
    }
  }

  async #repeat(command: RedisCommand): Promise<void> {
    const outcome = await this.#connection.send(command);
    if (outcome.kind === "replied") return;
    this.#divergence ??=
      `ERR the lagging replica could not repeat ${command[0]} (${outcome.message}); ` +
      "restart the REST server, or run it without a lag.";
  }

  /** Takes its place among the steps at once: what was sent before it is in the copy. */
  async #copyPrimary(seenAtMs?: number): Promise<boolean> {
    const step: Step = { executedAtMs: undefined, commands: [] };
    this.#steps.push(step);
    const copy = await snapshotOf(this.#primary);
    this.#finish(step, { executedAtMs: seenAtMs ?? Date.now(), commands: copy ?? [] });
    return copy !== undefined;
  }

  async #copyPrimaryAtStart(): Promise<void> {
    const isCopied = await this.#copyPrimary(0);
    // Answered after all that was sent before it, so a failure to restore is known by then.
    await this.#connection.send(["PING"]);
    if (isCopied && this.#divergence === undefined) return;
    throw new OperatorError({
      what: "The replica lag cannot be imitated.",
      why: this.#divergence ?? "The primary gave no copy of what it holds.",
      mend: "Start it with a Redis 7.0 to 7.2, a Valkey, an empty Redis, or without a lag.",
    });
  }
}
