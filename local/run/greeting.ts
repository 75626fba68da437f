// The message after a local start.
import type { Site } from "../site.ts";
import { readToken } from "../../src/protocol/operator-token.ts";
import type { StartOptions } from "../start-options.ts";

/** Returns lines for people. */
export async function greeting(
  site: Site,
  options: StartOptions,
  tookSeconds: number,
): Promise<string[]> {
  const [first, second] = site.colos;
  const url = first?.url ?? "";
  const operator = `${url}${site.operatorPath}`;
  const { ADMIN_TOKEN } = site.secrets;
  const secrets = Object.entries(site.secrets);
  const shown = secrets.filter(([, { from }]) => from === "generated");
  const given = secrets.filter(([, { from }]) => from !== "generated");
  const origin = site.isDemo ? "the demo news site" : "your site";
  const redis = options.redis === undefined ? "embedded Valkey" : "your Redis";
  const shared = `the shared tier: Upstash's REST interface before ${redis}`;
  const addresses = [
    ...site.colos.map(({ name, url: at }) => [at, `${name}: the site, behind Tidemark`]),
    ...(site.hasDashboard ? [[`${operator}/`, "the dashboard: sign in with the token below"]] : []),
    ...(site.originUrl === undefined ? [] : [[site.originUrl, `the origin: ${origin}`]]),
    ...(site.rest === undefined ? [] : [[site.rest.url, shared]]),
  ];
  const widest = Math.max(...addresses.map(([at = ""]) => at.length));
  const token = ADMIN_TOKEN.from === "generated" ? ADMIN_TOKEN.value : "$ADMIN_TOKEN";
  const isMoved = site.operatorPath !== "/_cache";
  const moved = isMoved ? ` TIDEMARK_OPERATOR_PATH=${site.operatorPath}` : "";
  return [
    `Tidemark started in ${tookSeconds.toFixed(1)} s. Press Ctrl-C to stop.`,
    "",
    ...addresses.map(([at = "", what]) => `  ${at.padEnd(widest)} ${what}`),
    ...(site.rest === undefined ? ["  The stores are Durable Objects, without Redis."] : []),
    "",
    ...(shown.length === 0 ? [] : ["Generated for this run, and shown only here:"]),
    ...shown.map(([name, { value }]) => `  ${name}=${value}`),
    ...(shown.length === 0 ? [] : [""]),
    ...given.map(([name, { from }]) =>
      from === "shell"
        ? `${name} is that of your shell, which wins over .dev.vars.`
        : `${name} is that of .dev.vars, or of the wrangler file.`,
    ),
    ...(ADMIN_TOKEN.from === "project" ? ["Set ADMIN_TOKEN in this shell to that value."] : []),
    ...(given.length === 0 ? [] : [""]),
    ...(site.hasDashboard ? await tokenLines(url, ADMIN_TOKEN.value) : []),
    "Try these commands, and compare Cache-Status:",
    `  curl -sD- -o/dev/null ${url}/          # twice: a miss, then a hit`,
    second === undefined && !site.isDemo
      ? `  curl -sD- -o/dev/null -H 'Authorization: x' ${url}/  # passed by, and why`
      : second === undefined
        ? `  curl -sD- -o/dev/null ${url}/breaking  # fresh for 30 s here, for 0 s in browsers`
        : `  curl -sD- -o/dev/null ${second.url}/          # the other colo: a hit from the shared tier`,
    `  curl -X POST -H "Authorization: Bearer ${token}" ${operator}/purge -d '{"everything":true}'  # then each colo once more`,
    `  export TIDEMARK_SITE=${url} TIDEMARK_TOKEN="${token}"${moved}   # for the command: tidemark doctor`,
    `  curl -s -H "Authorization: Bearer ${token}" ${operator}/stats`,
    "",
  ];
}

async function tokenLines(url: string, adminToken: string): Promise<string[]> {
  const given = { host: new URL(url).host, nowAtMs: Date.now() };
  const { token } = await readToken(adminToken, given);
  return [
    "Token of the dashboard, for 55 minutes. tidemark dashboard prints another:",
    `  ${token}`,
    "",
  ];
}
