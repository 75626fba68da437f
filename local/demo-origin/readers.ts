// The paper's readers: who they are, whether they are logged in, which sections they follow.
import type { DatabaseSync } from "node:sqlite";
import { createAccounts } from "./accounts.ts";
import { slowQuery } from "./newsroom.ts";
import { isSection, type Section } from "./sections.ts";

export const sessionLifetimeSeconds = 7 * 24 * 3_600;

export interface Reader {
  name: string;
  greetingName: string;
  follows: Section[];
}

export interface Readers {
  /** @returns the new session's id, or `undefined` when name or password is wrong */
  logIn(name: string, password: string): Promise<string | undefined>;
  logOut(sessionId: string): void;
  /** `undefined` when the session is unknown, expired, or was logged out. */
  bySession(sessionId: string): Promise<Reader | undefined>;
  setFollow(given: { name: string; section: Section; follows: boolean }): void;
}

/** @param given.queryMs what each reading query takes; 0 in tests */
export function createReaders(given: {
  database: DatabaseSync;
  queryMs: number;
  nowAtMs: () => number;
}): Readers {
  const { database, nowAtMs } = given;
  const slowly = slowQuery(given.queryMs);
  const lifetimeSeconds = sessionLifetimeSeconds;
  const accounts = createAccounts({ database, of: "readers", lifetimeSeconds, nowAtMs });
  const sql = prepareStatements(database);
  return {
    logIn: async (name, password) => slowly(() => accounts.logIn(name, password)),
    logOut: (sessionId) => accounts.logOut(sessionId),
    bySession: (sessionId) =>
      slowly(() => {
        const name = accounts.nameOf(sessionId);
        if (name === undefined) return undefined;
        const follows = sql.follows.all(name).map((follow) => String(follow["section"]));
        const greetingName = String(sql.greetingName.get(name)?.["greetingName"]);
        return { name, greetingName, follows: follows.filter(isSection) };
      }),
    setFollow({ name, section, follows }) {
      (follows ? sql.follow : sql.unfollow).run(name, section);
    },
  };
}

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    greetingName: prepare("SELECT greeting_name AS greetingName FROM users WHERE name = ?"),
    follows: prepare("SELECT section FROM follows WHERE user_name = ? ORDER BY section"),
    follow: prepare("INSERT OR IGNORE INTO follows (user_name, section) VALUES (?, ?)"),
    unfollow: prepare("DELETE FROM follows WHERE user_name = ? AND section = ?"),
  };
}
