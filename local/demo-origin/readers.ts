// The paper's readers: who they are, whether they are logged in, which sections they follow.
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
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

const hashPassword = promisify<string, string, number, Buffer>(scrypt);
const hashBytes = 32;

// Only the hash is stored, so that a copy of the database logs nobody in.
const hashSessionId = (sessionId: string): string =>
  createHash("sha256").update(sessionId).digest("hex");

// An unknown name is hashed against this, and so takes as long as a wrong password does.
const nobody = { salt: "nobody", hash: Buffer.alloc(hashBytes) };

/** @param given.queryMs what each reading query takes; 0 in tests */
export function createReaders(given: {
  database: DatabaseSync;
  queryMs: number;
  nowAtMs: () => number;
}): Readers {
  const { database, nowAtMs } = given;
  const slowly = slowQuery(given.queryMs);
  const sql = prepareStatements(database);
  return {
    async logIn(name, password) {
      const row = await slowly(() => sql.password.get(name));
      const salt = row === undefined ? nobody.salt : String(row["salt"]);
      const expected = row === undefined ? nobody.hash : Buffer.from(String(row["hash"]), "hex");
      const matches = timingSafeEqual(await hashPassword(password, salt, hashBytes), expected);
      if (!matches || row === undefined) return undefined;
      const sessionId = randomBytes(24).toString("base64url");
      const expiresAtMs = nowAtMs() + sessionLifetimeSeconds * 1_000;
      sql.addSession.run(hashSessionId(sessionId), name, expiresAtMs);
      return sessionId;
    },
    logOut(sessionId) {
      sql.removeSession.run(hashSessionId(sessionId));
    },
    bySession: (sessionId) =>
      slowly(() => {
        const row = sql.reader.get(hashSessionId(sessionId), nowAtMs());
        if (row === undefined) return undefined;
        const name = String(row["name"]);
        const follows = sql.follows.all(name).map((follow) => String(follow["section"]));
        const greetingName = String(row["greetingName"]);
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
    password: prepare(`SELECT password_salt AS salt, password_hash AS hash
      FROM users WHERE name = ?`),
    addSession: prepare(
      "INSERT INTO sessions (id_hash, user_name, expires_at_ms) VALUES (?, ?, ?)",
    ),
    removeSession: prepare("DELETE FROM sessions WHERE id_hash = ?"),
    reader: prepare(`SELECT users.name, users.greeting_name AS greetingName FROM sessions
      JOIN users ON users.name = sessions.user_name WHERE id_hash = ? AND expires_at_ms > ?`),
    follows: prepare("SELECT section FROM follows WHERE user_name = ? ORDER BY section"),
    follow: prepare("INSERT OR IGNORE INTO follows (user_name, section) VALUES (?, ?)"),
    unfollow: prepare("DELETE FROM follows WHERE user_name = ? AND section = ?"),
  };
}
