// The database behind the REST interface: a primary, and optionally a lagging replica. Selects one
// of the two for each command, and counts the commands.
import type { Counter } from "./counts.ts";
import { LaggingReplica } from "./lagging-replica.ts";
import {
  connectToRedis,
  type CommandOutcome,
  type RedisCommand,
  type RedisConnection,
  type TransactionOutcome,
} from "./redis-connection.ts";
import { refusalOf } from "./refused-commands.ts";
import { keysOfScript } from "./replay.ts";
import { readKeys } from "./snapshot.ts";

export class Database {
  readonly #primary: RedisConnection;
  readonly #counter: Counter;
  #replica: LaggingReplica | undefined;
  /**
   * The start of the replica. Commands wait for it, because otherwise the replica's snapshot and
   * record would miss them.
   */
  #starting: Promise<unknown> | undefined;

  private constructor(primary: RedisConnection, counter: Counter) {
    this.#primary = primary;
    this.#counter = counter;
  }

  /** @throws OperatorError within 2 s if no Redis answers at that address */
  static async open(redisUrl: string, counter: Counter): Promise<Database> {
    return new Database(await connectToRedis(redisUrl), counter);
  }

  /**
   * Runs a command. The replica may answer reads. The primary runs all other commands, in the order
   * of the calls.
   */
  async run(command: RedisCommand): Promise<CommandOutcome> {
    const refusal = refusalOf(command) ?? this.#replica?.refusalOf(command);
    if (refusal !== undefined) return { kind: "refused", message: refusal };
    if (this.#starting !== undefined) await this.#starting;
    this.#counter.sentToRedis(command);
    const replica = this.#replica;
    if (replica === undefined) return this.#primary.send(command);
    if (replica.answers(command)) return replica.read(command);
    if (keysOfScript(command).length > 0) return this.#runScript(replica, command);
    const recording = replica.beginRecording();
    const outcome = await this.#primary.send(command);
    recording.end([{ command, outcome }]);
    return outcome;
  }

  async #runScript(replica: LaggingReplica, command: RedisCommand): Promise<CommandOutcome> {
    const done = await this.#transactRecorded(replica, [command]);
    if (done.kind === "discarded") return { kind: "refused", message: done.message };
    if (done.kind === "unreachable") return done;
    const [outcome] = done.outcomes;
    if (outcome === undefined) throw new Error("A transaction of one command gave no outcome.");
    return outcome;
  }

  /** Runs a transaction on the primary, including its reads. */
  async transact(commands: readonly RedisCommand[]): Promise<TransactionOutcome> {
    for (const command of commands) {
      const refusal = refusalOf(command) ?? this.#replica?.refusalOf(command);
      if (refusal !== undefined) return { kind: "discarded", message: refusal };
    }
    if (this.#starting !== undefined) await this.#starting;
    for (const command of commands) this.#counter.sentToRedis(command);
    const replica = this.#replica;
    return replica === undefined
      ? this.#primary.transact(commands)
      : this.#transactRecorded(replica, commands);
  }

  async #transactRecorded(
    replica: LaggingReplica,
    commands: readonly RedisCommand[],
  ): Promise<TransactionOutcome> {
    const keys = commands.flatMap(keysOfScript);
    const recording = replica.beginRecording();
    const reading = keys.length > 0 ? [readKeys(keys)] : [];
    const done = await this.#primary.transact([...commands, ...reading]);
    const all = done.kind === "executed" ? done.outcomes : [];
    const outcomes = all.slice(0, commands.length);
    const executed = outcomes.map((outcome, at) => ({ command: commands[at]!, outcome }));
    recording.end(executed, all[commands.length]);
    return done.kind === "executed" ? { kind: "executed", outcomes } : done;
  }

  /** Subscribes to a channel of the primary, as `RedisConnection` does. */
  subscribe(
    ...given: Parameters<RedisConnection["subscribe"]>
  ): ReturnType<RedisConnection["subscribe"]> {
    this.#counter.sentToRedis(["SUBSCRIBE", given[0]]);
    return this.#primary.subscribe(...given);
  }

  /**
   * Sets the lag. With 0, the primary answers all reads. The first other value starts the replica.
   */
  async setReplicaLagMs(lagMs: number): Promise<void> {
    if (this.#replica === undefined && lagMs > 0) {
      const starting = LaggingReplica.start(this.#primary);
      this.#starting = starting.then(
        (replica) => (this.#replica = replica),
        () => undefined,
      );
      await this.#starting;
      this.#starting = undefined;
      await starting;
    }
    this.#replica?.setLagMs(lagMs);
  }

  async close(): Promise<void> {
    this.#primary.close();
    await this.#replica?.stop();
  }
}
