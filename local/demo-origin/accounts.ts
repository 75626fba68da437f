// Who may log in, and who is logged in: names, passwords and sessions of readers or of editors.
import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";

export interface Accounts {
  /** @returns the new session's id, or `undefined` when name or password is wrong */
  logIn(name: string, password: string): Promise<string | undefined>;
  logOut(sessionId: string): void;
  /** `undefined` when the session is unknown, expired, or was logged out. */
  nameOf(sessionId: string): string | undefined;
}

const hashPassword = promisify<string, string, number, Buffer>(scrypt);
const hashBytes = 32;

// Only the hash is stored, so that a copy of the database logs nobody in.
const hashSessionId = (sessionId: string): string =>
  createHash("sha256").update(sessionId).digest("hex");

// An unknown name is hashed against this, and so takes as long as a wrong password does.
const nobody = { salt: "nobody", hash: Buffer.alloc(hashBytes) };

const tablesOf = {
  readers: { people: "users", sessions: "sessions" },
  editors: { people: "editors", sessions: "editor_sessions" },
} as const;

/** A session of one kind of people is none of the other. */
export function createAccounts(given: {
  database: DatabaseSync;
  of: keyof typeof tablesOf;
  lifetimeSeconds: number;
  nowAtMs: () => number;
}): Accounts {
  const { database, nowAtMs } = given;
  const { people, sessions } = tablesOf[given.of];
  const password = database.prepare(`SELECT password_salt AS salt, password_hash AS hash
    FROM ${people} WHERE name = ?`);
  const add = database.prepare(
    `INSERT INTO ${sessions} (id_hash, user_name, expires_at_ms) VALUES (?, ?, ?)`,
  );
  const remove = database.prepare(`DELETE FROM ${sessions} WHERE id_hash = ?`);
  const named = database.prepare(`SELECT user_name AS name FROM ${sessions}
    WHERE id_hash = ? AND expires_at_ms > ?`);
  return {
    async logIn(name, tried) {
      const row = password.get(name);
      const salt = row === undefined ? nobody.salt : String(row["salt"]);
      const expected = row === undefined ? nobody.hash : Buffer.from(String(row["hash"]), "hex");
      const matches = timingSafeEqual(await hashPassword(tried, salt, hashBytes), expected);
      if (!matches || row === undefined) return undefined;
      const sessionId = randomBytes(24).toString("base64url");
      add.run(hashSessionId(sessionId), name, nowAtMs() + given.lifetimeSeconds * 1_000);
      return sessionId;
    },
    logOut(sessionId) {
      remove.run(hashSessionId(sessionId));
    },
    nameOf(sessionId) {
      const row = named.get(hashSessionId(sessionId), nowAtMs());
      return row === undefined ? undefined : String(row["name"]);
    },
  };
}
