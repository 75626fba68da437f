// Imitates a lagging replica with a second embedded Valkey. Just before each read, the replica
// repeats the writes that are old enough. It lacks writes that bypass this server; LaggingReplica
// lists the other limits.
import { OperatorError } from "../../src/base/operator-error.ts";
import { startEmbeddedValkey, type EmbeddedValkey } from "../embedded-valkey.ts";
import { commandKinds, type CommandKind } from "./command-kinds.ts";
import {
  connectToRedis,
  type CommandOutcome,
  type RedisCommand,
  type RedisConnection,
} from "./redis-connection.ts";
import { replayOf, unreplayablePart } from "./replay.ts";
import { restoreCommands, snapshotOf } from "./snapshot.ts";

/** One call of the primary. `executedAtMs` is `undefined` until its reply arrives. */
interface Step {
  executedAtMs: number | undefined;
  commands: readonly RedisCommand[];
}

export interface CommandRecorder {
  /**
   * Records the executed commands. Call it once, with an empty list if nothing was executed or the
   * outcome is unknown.
   *
   * @param left the state of the scripts' keys after the scripts, from `readKeys`
   */
  end(
    executed: readonly { command: RedisCommand; outcome: CommandOutcome }[],
    left?: CommandOutcome,
  ): void;
}

/**
 * A second Valkey that imitates a lagging replica, with these limits. Its first state is the
 * primary's at the start, without a lag. After a restart of the primary, it copies the whole state
 * after the lag. It lacks a script's changes to undeclared keys. It recreates a key that has
 * expired before a repeated write. Approximate trimming may differ by some entries. The primary
 * answers XINFO, OBJECT and MEMORY.
 */
export class LaggingReplica {
  readonly #primary: RedisConnection;
  readonly #valkey: EmbeddedValkey;
  readonly #connection: RedisConnection;
  readonly #kinds: ReadonlyMap<string, CommandKind>;
  /** The steps in the primary's order. The front has the oldest, which is removed when due. */
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

  /**
   * @throws OperatorError if the second Valkey does not start, or cannot copy the primary's state
   */
  static async start(primary: RedisConnection): Promise<LaggingReplica> {
    const valkey = await startEmbeddedValkey();
    try {
      const connection = await connectToRedis(valkey.url);
      const kinds = await commandKinds(connection);
      const replica = new LaggingReplica({ primary, valkey, connection, kinds });
      await replica.#copyPrimaryAtStart();
      // The primary may have restarted empty, and its last writes are unknown.
      primary.onReconnected(() => void replica.#copyPrimary());
      return replica;
    } catch (cause) {
      await valkey.stop();
      throw cause;
    }
  }

  /** Returns an error for commands whose effects cannot be repeated later. */
  refusalOf(command: RedisCommand): string | undefined {
    const part = this.#lagMs === 0 ? undefined : unreplayablePart(command);
    return (
      part && `ERR ${part} is not available here while a replica lag is imitated: set the lag to 0.`
    );
  }

  /** Returns whether the command is a read and the lag is above 0. */
  answers([name]: RedisCommand): boolean {
    return this.#lagMs > 0 && this.#kinds.get(name) === "read";
  }

  /** Reads the state that the primary had one lag ago. Never rejects. */
  async read(command: RedisCommand): Promise<CommandOutcome> {
    this.#repeatWhatIsDue();
    const outcome = await this.#connection.send(command);
    if (this.#divergence === undefined) return outcome;
    return { kind: "refused", message: this.#divergence };
  }

  /** Begins a step. Call it before calling the primary, in the same order. */
  beginRecording(): CommandRecorder {
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

  /** Sets the lag. A longer lag does not hide writes that are already visible. */
  setLagMs(lagMs: number): void {
    this.#lagMs = lagMs;
  }

  async stop(): Promise<void> {
    this.#connection.close();
    await this.#valkey.stop();
  }

  /** Returns whether to repeat a command. Repeats unknown commands too, so that they fail visibly. */
  #writes([name]: RedisCommand): boolean {
    return (this.#kinds.get(name) ?? "write") === "write";
  }

  #finish(step: Step, done: { executedAtMs: number; commands: readonly RedisCommand[] }): void {
    Object.assign(step, done);
    // Also repeat due steps here. Otherwise they would accumulate while nobody reads.
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

  /** Adds the copy to the steps at once, because it contains the effects of all earlier commands. */
  async #copyPrimary(seenAtMs?: number): Promise<boolean> {
    const step: Step = { executedAtMs: undefined, commands: [] };
    this.#steps.push(step);
    const copy = await snapshotOf(this.#primary);
    this.#finish(step, { executedAtMs: seenAtMs ?? Date.now(), commands: copy ?? [] });
    return copy !== undefined;
  }

  async #copyPrimaryAtStart(): Promise<void> {
    const isCopied = await this.#copyPrimary(0);
    // This reply follows those to all earlier commands, so a failed restore is known now.
    await this.#connection.send(["PING"]);
    if (isCopied && this.#divergence === undefined) return;
    throw new OperatorError({
      what: "The replica lag cannot be imitated.",
      why: this.#divergence ?? "The primary returned no copy of its data.",
      hint: "Start the server with a Redis 7.0 to 7.2, a Valkey, an empty Redis, or without a lag.",
    });
  }
}
