// `npm start`: a site behind Tidemark on this machine, until Ctrl-C.
import { faultText } from "../src/operator-error.ts";
import { startSite, type Site } from "./site.ts";
import { help, readStartOptions, type StartOptions } from "./start-options.ts";

async function main(): Promise<void> {
  const options = readStartOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(help);
    return;
  }
  const startedAtMs = performance.now();
  const { promise: asked, resolve: stop } = Promise.withResolvers<void>();
  onSignals(stop);
  const site = await startSite(options, process.env);
  // The runtime simulator has put in handlers that exit at once; every part is to stop first.
  onSignals(stop);
  const tookSeconds = (performance.now() - startedAtMs) / 1_000;
  for (const warning of site.warnings) {
    process.stderr.write(`Warning: ${faultText(warning)}\n`);
  }
  process.stdout.write(greeting(site, options, tookSeconds));
  await asked;
  await site.stop();
}

function onSignals(stop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, stop);
  }
}

function greeting(site: Site, options: StartOptions, tookSeconds: number): string {
  const [first, second] = site.colos;
  const url = first?.url ?? "";
  const { ADMIN_TOKEN } = site.secrets;
  const shown = Object.entries(site.secrets).filter(([, { isMadeUp }]) => isMadeUp);
  const origin = options.origin === undefined ? "the demo news site" : "your site";
  const redis = options.redis === undefined ? "embedded Valkey" : "your Redis";
  const addresses = [
    ...site.colos.map(({ name, url: at }) => [at, `${name}: the site, behind Tidemark`]),
    [site.originUrl, `the origin: ${origin}`],
    [site.rest.url, `the shared tier: Upstash's REST interface before ${redis}`],
  ];
  const widest = Math.max(...addresses.map(([at = ""]) => at.length));
  const lines = [
    `Tidemark runs after ${tookSeconds.toFixed(1)} s. Ctrl-C ends it.`,
    "",
    ...addresses.map(([at = "", what]) => `  ${at.padEnd(widest)} ${what}`),
    "",
    ...(shown.length === 0 ? [] : ["Made up for this run, and shown only here:"]),
    ...shown.map(([name, { value }]) => `  ${name}=${value}`),
    ...(shown.length === 0 ? [] : [""]),
    "Try, and look at Cache-Status:",
    `  curl -sD- -o/dev/null ${url}/          # twice: a miss, then a hit`,
    second === undefined && options.origin !== undefined
      ? `  curl -sD- -o/dev/null -H 'Authorization: x' ${url}/  # passed by, and why`
      : second === undefined
        ? `  curl -sD- -o/dev/null ${url}/breaking  # fresh for 30 s here, for 0 s in browsers`
        : `  curl -sD- -o/dev/null ${second.url}/          # the other colo: a hit from the shared tier`,
    `  curl -s -H "Authorization: Bearer ${ADMIN_TOKEN.isMadeUp ? ADMIN_TOKEN.value : "$ADMIN_TOKEN"}" ${url}/_cache/stats`,
    "",
  ];
  return `${lines.join("\n")}\n`;
}

try {
  await main();
} catch (cause) {
  const said = cause instanceof Error && cause.name === "OperatorError";
  process.stderr.write(said ? `${cause.message}\n` : `${String((cause as Error).stack)}\n`);
  process.exitCode = 1;
}
