// `node local/check-config.ts [FILE]`: checks that a Worker with this configuration would start. `npm run deploy` runs
// it before the upload.
import { relative } from "node:path";
import { inspect } from "node:util";
import { faultText, OperatorError } from "../src/base/operator-error.ts";
import type { Config } from "../src/config/config.ts";
import { siteHostsOf } from "../src/protocol/variables/bindings.ts";
import {
  dateText,
  noStoreFault,
  readWranglerFile,
  tableOf,
  textsIn,
} from "../packages/cli/src/wrangler/wrangler-file.ts";
import { configWarnings } from "../src/admin/config-warnings.ts";
import { defaultConfigPath, loadConfig, refuseExit } from "./load-config.ts";
import { checkTypes } from "./type-check.ts";

/** Returns the message for a valid configuration. Without the message, the check has failed. */
async function checked(configPath: string): Promise<string> {
  const config = await loadConfig(configPath);
  const { routes } = config;
  await checkTypes(configPath);
  await checkDeployments(config);
  for (const warning of configWarnings(config)) {
    if (warning.level === "warning") throw new OperatorError(warning);
    process.stderr.write(`Warning: ${faultText(warning)}\n`);
  }
  const count = routes.length === 1 ? "1 route" : `${routes.length} routes`;
  return `${relative("", configPath)} is accepted: ${count}.\n`;
}

/**
 * @throws OperatorError if SITE_HOST or the compatibility of a deployment in the wrangler file is invalid with this
 *   configuration
 */
async function checkDeployments(config: Config): Promise<void> {
  const file = await readWranglerFile(".");
  if (file.kind !== "read") return;
  const { table } = file;
  const deployments = [table, ...Object.values(tableOf(table["env"]))].map(tableOf);
  for (const { vars, ...own } of deployments) {
    siteHostsOf(tableOf(vars), config);
    const { compatibility_date: date, compatibility_flags: flags } = { ...table, ...own };
    const fault = noStoreFault({ date: dateText(date), flags: textsIn(flags) });
    if (fault !== undefined) throw new OperatorError(fault);
  }
}

// Exit explicitly, because a configuration may have left timers or sockets open.
const path = process.argv[2] ?? defaultConfigPath;
const allowExit = refuseExit(path);
try {
  const accepted = await checked(path);
  allowExit();
  process.stdout.write(accepted, () => process.exit(0));
} catch (cause) {
  allowExit();
  const isTold = cause instanceof Error && cause.name === "OperatorError";
  const text = isTold ? cause.message : inspect(cause);
  process.stderr.write(`${text}\n`, () => process.exit(1));
}
