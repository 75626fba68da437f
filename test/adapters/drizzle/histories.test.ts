// Random histories of queries in two isolates, beside statements, batches and transactions that the database delays or fails.
// No query may return a version from before a write that its caller must see, and none that was rolled back.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq, sql } from "drizzle-orm";
import { afterAll, expect, it } from "vitest";
import { articles, openQueries, Sqlite } from "../../../testing/drizzle/drizzle-world.ts";
import { Draws } from "../../../testing/draws.ts";
import { idle } from "../../../testing/site/harness.ts";

const lagMs = 10_000;
const stepCount = 60;

type World = ReturnType<typeof openQueries>;

interface Write {
  readonly version: number;
  readonly by: number;
  readonly endedAtMs: number;
}

class History {
  readonly #draws: Draws;
  readonly #worlds: readonly [World, World];
  readonly #writes: Write[] = [];
  readonly #gates: (() => void)[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #version = 0;
  /** Whether a transaction is open, and the number of those that have begun. */
  #isOpen = false;
  #transactions = 0;
  #writing: Promise<unknown> = Promise.resolve();
  readonly violations: string[] = [];
  hits = 0;

  /** @param path of a new file, to which each isolate has a connection */
  constructor(seed: number, path: string) {
    this.#draws = new Draws(seed);
    const options = { fresh: "1h" } as const;
    const first = openQueries({ sqlite: new Sqlite(path), options });
    const isolate = first.isolate.elsewhere();
    this.#worlds = [first, openQueries({ sqlite: new Sqlite(path), isolate, options })];
  }

  /** Lets the database answer late or not at all. */
  #delay(): void {
    const waiting = async () => {
      if (this.#draws.isLucky(0.6)) await new Promise<void>((go) => void this.#gates.push(go));
    };
    for (const { sqlite } of this.#worlds) {
      sqlite.before = waiting;
      sqlite.after = async (statement) => {
        await waiting();
        if (/^(?:select|update)/.test(statement) && this.#draws.isLucky(0.1))
          throw new Error("Lost.");
      };
    }
  }

  get #clock() {
    return this.#worlds[0].isolate.clock;
  }

  async play(): Promise<void> {
    await this.#worlds[0].sqlite.run("UPDATE articles SET author = 0", [], "run");
    this.#delay();
    for (let step = 0; step < stepCount; step += 1) {
      this.#clock.advance(this.#draws.oneOf([0.003, 0.003, 0.5, 4, 12]));
      const by = this.#draws.oneOf([0, 1]);
      const does = this.#draws.oneOf([
        "read",
        "read",
        "read",
        "write",
        "answer",
        "answer",
        "answer",
      ]);
      if (does === "read") this.#begin(this.#read(by));
      if (does === "write")
        this.#begin((this.#writing = this.#writing.then(() => this.#write(by))));
      if (does === "answer") for (const go of this.#draws.shuffled(this.#gates.splice(0, 2))) go();
      await idle();
    }
    while (this.#running.size > 0) {
      for (const go of this.#gates.splice(0)) go();
      await idle();
    }
    this.#clock.advance(11);
    for (const { sqlite } of this.#worlds) sqlite.before = sqlite.after = () => undefined;
    for (const by of [0, 1]) await this.#read(by);
    for (const { sqlite } of this.#worlds) sqlite.close();
  }

  #begin(work: Promise<unknown>): void {
    const running = work.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #read(by: number): Promise<void> {
    const atMs = this.#clock.nowAtMs();
    const isSeen = (write: Write) => write.by === by || write.endedAtMs + lagMs <= atMs;
    const least = Math.max(0, ...this.#writes.filter(isSeen).map(({ version }) => version));
    const { db, sqlite } = this.#world(by);
    const { reads } = sqlite;
    const isUncommitted = this.#isOpen;
    const transactions = this.#transactions;
    const shape = this.#draws.oneOf(["plain", "join", "tag"]);
    const query = db.select({ at: articles.author }).from(articles).where(eq(articles.id, 42));
    const asked = {
      plain: () => query,
      join: () => query.orderBy(sql`(SELECT count(*) FROM articles)`),
      tag: () => query.$withCache({ tag: "one" }),
    }[shape];
    const rows = await asked?.().then(undefined, () => undefined);
    if (sqlite.reads === reads) this.hits += 1;
    const version = rows?.[0]?.at;
    if (version === undefined || version === null) return;
    if (version < least)
      this.violations.push(`${shape} in ${by} saw ${version} instead of ${least}`);
    // The connection shows uncommitted versions while a transaction is open, which no later query may see.
    if (version >= 1_000 && !isUncommitted && transactions === this.#transactions)
      this.violations.push(`${shape} saw a version that was rolled back`);
  }

  async #write(by: number): Promise<void> {
    const version = (this.#version += 1);
    const { db } = this.#world(by);
    const how = this.#draws.oneOf(["statement", "batch", "commit", "rollback"]);
    const change = (on: Pick<World["db"], "update">, to = version) =>
      on.update(articles).set({ author: to }).where(eq(articles.id, 42));
    try {
      if (how === "statement") await change(db);
      if (how === "batch") await db.batch([change(db)]);
      if (how === "commit" || how === "rollback") {
        this.#isOpen = true;
        this.#transactions += 1;
        await db.transaction(async (tx) => {
          await tx.select().from(articles);
          await change(tx, how === "commit" ? version : 1_000 + version);
          if (how === "rollback") tx.rollback();
        });
      }
    } catch {
      // A failed statement may have been applied, and a transaction was rolled back.
      if (how === "commit" || how === "rollback") return;
    } finally {
      await idle();
      this.#isOpen = false;
    }
    this.#writes.push({ version, by, endedAtMs: this.#clock.nowAtMs() });
  }

  #world(by: number): World {
    return this.#worlds[by === 0 ? 0 : 1];
  }
}

const folder = await mkdtemp(join(tmpdir(), "tidemark-queries-"));
afterAll(() => rm(folder, { recursive: true }));

it("no query of a history is older than a write that its caller must see", async () => {
  let hits = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const history = new History(seed, join(folder, `${seed}.db`));
    await history.play();
    expect([seed, history.violations]).toEqual([seed, []]);
    hits += history.hits;
  }
  expect(hits).toBeGreaterThan(60);
});
