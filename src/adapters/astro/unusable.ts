// Options that astroCache refuses, and variables that have no effect under Astro.
import { type Fault, faultText } from "../../base/operator-error.ts";
import type { Config } from "../../config/config.ts";
import { BoundedLog } from "../../observe/log-line.ts";
import type { Platform } from "../../platform/platform.ts";
import { type Env, isSet } from "../../protocol/variables/bindings.ts";
import { databaseVariables } from "../../protocol/variables/database.ts";
import { version } from "../../version.ts";

/** Returns the fault of an option that would be unsafe, or would have no effect, under Astro. */
export function refusalOf({ trustsPeer, probe, varnish }: Config): Fault | undefined {
  if (trustsPeer !== undefined) return trustsClients;
  if (probe !== undefined) return readsNoPage;
  return varnish && hearsNoPurge;
}

const trustsClients: Fault = {
  what: "astroCache does not accept trustProxy.",
  why: "Astro reads the fields of proxies itself. trustProxy would trust each client, which could then choose the host of a page.",
  hint: "Remove it, and name the site's hosts in `security.allowedDomains` of Astro's configuration.",
};

const readsNoPage: Fault = {
  what: "astroCache does not accept probe.",
  why: "Astro renders only the page that a client requests, so the probe could not read its own page.",
  hint: "Remove it.",
};

const hearsNoPurge: Fault = {
  what: "astroCache does not accept varnish.",
  why: "Astro answers requests with other methods than GET and HEAD, so the cache never gets PURGE or BAN.",
  hint: "Remove it, and send purges to the path /purge below operatorPath.",
};

/**
 * Removes the variables of databases, because the application passes its own connection. Logs a fault if an address or a
 * token is set. `SEAL_KEY` applies to the connection.
 */
export function withoutDatabases(variables: Env, { log, nowAtMs }: Platform): Env {
  const ofOthers = [...databaseVariables.URL, ...databaseVariables.TOKEN];
  const idle = ofOthers.filter((name) => isSet(variables, name));
  if (idle.length > 0) {
    const message = faultText({
      what: `These variables have no effect: ${idle.join(", ")}.`,
      why: "astroCache was given `redis`, and uses no other Redis database.",
      hint: "Unset them, or remove `redis`.",
    });
    new BoundedLog({ write: log, nowAtMs, version }).write({
      event: "fault",
      level: "warn",
      message,
    });
  }
  const removed = new Set(["SEAL_KEY", ...ofOthers]);
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !removed.has(name)));
}
