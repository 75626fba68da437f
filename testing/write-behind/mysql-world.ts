// Starts a MariaDB with the tables of sinks, and creates sinks over a pool of mysql2.
import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import { sinkSchema, sqlBufferSink, sqlSink } from "../../src/sinks.ts";
import type { SinkOptions } from "../../src/write-behind/sinks/sink-table.ts";
import { type MariadbServer, startMariadb } from "../fakes/mariadb-server.ts";
import type { SinkWorld } from "./sink-worlds.ts";

export class MysqlWorld implements SinkWorld {
  readonly dialect = "mysql";
  readonly #server: MariadbServer;
  readonly #pools: Pool[] = [];
  readonly pool: Pool;

  private constructor(server: MariadbServer) {
    this.#server = server;
    this.pool = this.poolWith({});
  }

  static async start(): Promise<MysqlWorld> {
    const world = new MysqlWorld(await startMariadb());
    await world.exec(sinkSchema({ of: "mysql" }));
    return world;
  }

  get url(): string {
    return this.#server.url;
  }

  poolWith(options: PoolOptions): Pool {
    const pool = createPool({ uri: this.#server.url, ...options });
    this.#pools.push(pool);
    return pool;
  }

  counters(options?: SinkOptions) {
    return sqlSink(this.pool, options);
  }

  buffers(options?: SinkOptions) {
    return sqlBufferSink(this.pool, options);
  }

  /** @param sql statements, one per line */
  async exec(sql: string): Promise<void> {
    for (const line of sql.split("\n").filter((one) => one !== "")) await this.pool.query(line);
  }

  async rows(sql: string): Promise<readonly unknown[]> {
    const [rows] = await this.pool.query(sql);
    return rows as object[];
  }

  async stop(): Promise<void> {
    for (const pool of this.#pools) await pool.end();
    await this.#server.stop();
  }
}
