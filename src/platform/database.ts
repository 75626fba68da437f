// Reads which Redis database the Worker's bindings name.
import { httpUrlFault } from "../config/origin-url.ts";
import type { Fault } from "../operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";

/** A database with Upstash's REST interface. */
export interface Database {
  readonly url: string;
  readonly token: string;
}

/** @returns the database; why it is not usable; or `undefined` where none is named */
export function databaseOf(env: Env): Database | Fault | undefined {
  const what = "The database is not used: the shared tier and purges are off.";
  if (isSet(env, "SEAL_KEY")) {
    const why = "SEAL_KEY is set, but sealed records are not built yet.";
    return { what, why, mend: "Unset SEAL_KEY to let the database hold records unsealed." };
  }
  const names = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];
  if (!names.some((name) => isSet(env, name))) return undefined;
  const [url = "", token = ""] = names.map((name) => textOf(env, name));
  const missing = names.find((name) => textOf(env, name) === undefined);
  const why =
    missing === undefined
      ? databaseFault(url, token)
      : `${missing} is ${isSet(env, missing) ? "no text" : "not set"}.`;
  if (why === undefined) return { url, token };
  return {
    what,
    why,
    mend: "Set both as the database's page shows them, or neither to go without.",
  };
}

function databaseFault(url: string, token: string): string | undefined {
  const fault = httpUrlFault(url);
  if (fault !== undefined) {
    return `UPSTASH_REDIS_REST_URL ${fault}; it must be the REST address, with "https:".`;
  }
  if (canBeBorne(token)) return undefined;
  return "UPSTASH_REDIS_REST_TOKEN has a character that no token has.";
}

/** Whoever sets one of these relies on it, and must hear that it has no effect. */
export function journalFaults(env: Env): Fault[] {
  return ["JOURNAL_REDIS_REST_URL", "JOURNAL_REDIS_REST_TOKEN"]
    .filter((name) => isSet(env, name))
    .map((name) => ({
      what: `${name} is set.`,
      why: "A database for the journal alone is not built yet: the journal is in that of UPSTASH_REDIS_REST_URL.",
      mend: "Unset it.",
    }));
}
