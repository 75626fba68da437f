// `node local/check-config.ts [FILE]`: would a Worker with this configuration start? `npm run deploy`
// asks before it uploads anything.
import { relative } from "node:path";
import { faultText } from "../src/operator-error.ts";
import { configWarnings } from "../src/serve/config-warnings.ts";
import { defaultConfigPath, loadConfig } from "./load-config.ts";
import { checkTypes } from "./type-check.ts";

async function main(path: string): Promise<void> {
  const config = await loadConfig(path);
  const { routes } = config;
  await checkTypes(path);
  for (const warning of configWarnings(config)) {
    process.stderr.write(`Warning: ${faultText(warning)}\n`);
  }
  const count = routes.length === 1 ? "1 route" : `${routes.length} routes`;
  process.stdout.write(`${relative("", path)} is accepted: ${count}.\n`);
}

try {
  await main(process.argv[2] ?? defaultConfigPath);
} catch (cause) {
  const isTold = cause instanceof Error && cause.name === "OperatorError";
  process.stderr.write(`${isTold ? cause.message : String((cause as Error).stack)}\n`);
  process.exitCode = 1;
}
