// `node local/check-config.ts [FILE]`: would a Worker with this configuration start? `npm run deploy`
// asks before it uploads anything.
import { relative } from "node:path";
import { inspect } from "node:util";
import { faultText } from "../src/base/operator-error.ts";
import { configWarnings } from "../src/proxy/request/config-warnings.ts";
import { defaultConfigPath, loadConfig, refuseExit } from "./load-config.ts";
import { checkTypes } from "./type-check.ts";

/** @returns the word of success, without which nothing is accepted */
async function checked(configPath: string): Promise<string> {
  const config = await loadConfig(configPath);
  const { routes } = config;
  await checkTypes(configPath);
  for (const warning of configWarnings(config)) {
    process.stderr.write(`Warning: ${faultText(warning)}\n`);
  }
  const count = routes.length === 1 ? "1 route" : `${routes.length} routes`;
  return `${relative("", configPath)} is accepted: ${count}.\n`;
}

// Ended here, since a configuration may have left timers or sockets open.
const path = process.argv[2] ?? defaultConfigPath;
const allowExit = refuseExit(path);
try {
  const accepted = await checked(path);
  allowExit();
  process.stdout.write(accepted, () => process.exit(0));
} catch (cause) {
  allowExit();
  const isTold = cause instanceof Error && cause.name === "OperatorError";
  const told = isTold ? cause.message : inspect(cause);
  process.stderr.write(`${told}\n`, () => process.exit(1));
}
