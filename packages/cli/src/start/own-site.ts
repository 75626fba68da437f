// Starts the site of the current folder, and runs it until Ctrl-C.
import { resolve } from "node:path";
import type { Project } from "../../../../local/run/project.ts";
import { runSite } from "../../../../local/run/run-site.ts";
import {
  checkedStartOptions,
  type GivenStartOptions,
  type StartOptions,
} from "../../../../local/start-options.ts";
import { faultOf, isFault } from "../../../../src/protocol/fault.ts";
import { databaseOf } from "../../../../src/protocol/variables/database.ts";
import { OperatorError } from "../../../../src/tidemark.ts";
import { usageError } from "../command-error.ts";
import type { Session } from "../session.ts";
import { readFolder } from "./folder-project.ts";

/** @throws CommandError that names the invalid option */
export function optionsOf(
  given: GivenStartOptions,
  stores: StartOptions["stores"] = "redis",
): StartOptions {
  try {
    return checkedStartOptions({ ...given, stores }, "tidemark start --help");
  } catch (cause) {
    const fault = faultOf(cause);
    throw fault === undefined ? cause : usageError(fault, cause);
  }
}

/** Returns the stores of the deployed site: it has no Redis if its journal is in a Durable Object. */
export function storesOf({ durableObjects = {}, variables }: Project): StartOptions["stores"] {
  const database = databaseOf(variables);
  const hasObject = Object.values(durableObjects).includes("TidemarkJournal");
  return hasObject && (database === undefined || isFault(database)) ? "cloudflare" : "redis";
}

/**
 * Starts the site, and resolves once a signal has ended it.
 *
 * @throws OperatorError if the site does not start, and CommandError for an invalid option
 */
export async function runOwnSite(
  { world, terminal }: Session,
  given: GivenStartOptions,
): Promise<void> {
  const { folder, env: environment } = world;
  optionsOf(given);
  const config = given.config === undefined ? undefined : resolve(folder, given.config);
  const stores = storesOf(await readFolder(folder, config));
  const readProject = async () => {
    const project = await readFolder(folder, config);
    if (storesOf(project) === stores) return project;
    throw new OperatorError({
      what: "The stores have changed.",
      why: "The bindings of Durable Objects, or the database of .dev.vars, are not those of the start.",
      hint: "Stop tidemark start with Ctrl-C, and start it again.",
    });
  };
  await runSite({ options: optionsOf(given, stores), environment, terminal, readProject });
}
