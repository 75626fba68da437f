// Reads which Redis database the Worker's bindings name.
import type { Fault } from "../operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";

/** A database with Upstash's REST interface. */
export interface Database {
  readonly url: string;
  readonly token: string;
}

/** @returns the database; why it is not usable; or `undefined` where none is named */
export function databaseOf(env: Env): Database | Fault | undefined {
  const [urlName, tokenName] = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] as const;
  const what = "The database is not used: the shared tier and purges are off.";
  if (isSet(env, "SEAL_KEY")) {
    const why = "SEAL_KEY is set, but sealed records are not built yet.";
    return { what, why, mend: "Unset SEAL_KEY to let the database hold records unsealed." };
  }
  if (!isSet(env, urlName) && !isSet(env, tokenName)) return undefined;
  const [url, token] = [textOf(env, urlName), textOf(env, tokenName)];
  const missing = [urlName, tokenName].find((name) => textOf(env, name) === undefined);
  const why = missing === undefined ? databaseFault(url ?? "", token ?? "") : absence(env, missing);
  if (url !== undefined && token !== undefined && why === undefined) return { url, token };
  const mend = "Set both as the database's page shows them, or neither to go without.";
  return { what, why: why ?? "", mend };
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

function absence(env: Env, name: string): string {
  return isSet(env, name) ? `${name} is no text.` : `${name} is not set.`;
}

function databaseFault(url: string, token: string): string | undefined {
  const fault = restUrlFault(url);
  if (fault !== undefined) {
    return `UPSTASH_REDIS_REST_URL ${fault}; it must be the REST address, with "https:".`;
  }
  return canBeBorne(token)
    ? undefined
    : "UPSTASH_REDIS_REST_TOKEN has a character that no token has.";
}

function restUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return "is no URL";
  const { protocol, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return "has another scheme";
  // `fetch` takes no such URL; the token is sent in a field of its own.
  return username + password === "" ? undefined : "holds a user name or a password";
}
