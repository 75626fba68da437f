// The site of the folder that the command was called in, started and run until Ctrl-C.
import { resolve } from "node:path";
import { runSite } from "../../../../local/run-site.ts";
import { checkedStartOptions, type GivenStartOptions } from "../../../../local/start-options.ts";
import type { Session } from "../session.ts";
import { readFolder } from "./folder-project.ts";

/** Resolves once a signal has ended it. @throws OperatorError where it does not start */
export async function runOwnSite(
  { world, terminal }: Session,
  given: GivenStartOptions,
): Promise<void> {
  const { folder, env: environment } = world;
  const config = given.config === undefined ? undefined : resolve(folder, given.config);
  await runSite({
    options: checkedStartOptions(given, "tidemark start --help"),
    environment,
    terminal,
    readProject: () => readFolder(folder, config),
  });
}
