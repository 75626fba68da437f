// Starts the site of the current folder, and runs it until Ctrl-C.
import { resolve } from "node:path";
import { runSite } from "../../../../local/run/run-site.ts";
import {
  checkedStartOptions,
  type GivenStartOptions,
  type StartOptions,
} from "../../../../local/start-options.ts";
import { faultOf } from "../../../../src/protocol/fault.ts";
import { usageError } from "../command-error.ts";
import type { Session } from "../session.ts";
import { readFolder } from "./folder-project.ts";

/** @throws CommandError that names the invalid option */
export function optionsOf(given: GivenStartOptions): StartOptions {
  try {
    return checkedStartOptions(given, "tidemark start --help");
  } catch (cause) {
    const fault = faultOf(cause);
    throw fault === undefined ? cause : usageError(fault, cause);
  }
}

/**
 * Starts the site, and resolves once a signal has ended it.
 *
 * @param named a configuration to use instead of the folder's own
 * @throws OperatorError if the site does not start
 */
export async function runOwnSite(
  { world, terminal }: Session,
  options: StartOptions,
  named: string | undefined,
): Promise<void> {
  const { folder, env: environment } = world;
  const config = named === undefined ? undefined : resolve(folder, named);
  const readProject = () => readFolder(folder, config);
  await runSite({ options, environment, terminal, readProject });
}
