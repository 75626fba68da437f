// `node local/check-config.ts [FILE]`: checks that a Worker with this configuration would start. `npm run deploy` runs
// it before the upload.
import { relative } from "node:path";
import { inspect } from "node:util";
import { faultText, OperatorError } from "../src/base/operator-error.ts";
import { configWarnings } from "../src/pages/request/config-warnings.ts";
import { defaultConfigPath, loadConfig, refuseExit } from "./load-config.ts";
import { checkTypes } from "./type-check.ts";

/** Returns the message for a valid configuration. Without the message, the check has failed. */
async function checked(configPath: string): Promise<string> {
  const config = await loadConfig(configPath);
  const { routes } = config;
  await checkTypes(configPath);
  for (const warning of configWarnings(config)) {
    if (warning.level === "warning") throw new OperatorError(warning);
    process.stderr.write(`Warning: ${faultText(warning)}\n`);
  }
  const count = routes.length === 1 ? "1 route" : `${routes.length} routes`;
  return `${relative("", configPath)} is accepted: ${count}.\n`;
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
