// Starts the site of the current folder, and runs it until Ctrl-C.
import { resolve, join } from "node:path";
import { parseEnv } from "node:util";
import type { RateLimitSettings } from "../../../../local/colo.ts";
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
import { configIn } from "./config-file.ts";
import { libraryIn } from "./project-library.ts";
import type { Session } from "../session.ts";
import {
  textIfThere,
  wranglerNames,
  dateText,
  tableOf,
  readWranglerFile,
  sqliteClassesIn,
  type Table,
  tablesIn,
  textsIn,
  cfNotes,
} from "../wrangler/wrangler-file.ts";

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

/**
 * @param named a configuration to use instead of the folder's own
 * @throws OperatorError if there is nothing to start, or a file cannot be read
 */
export async function readFolder(folder: string, named: string | undefined): Promise<Project> {
  const config = named ?? configIn(folder);
  const wrangler = await readWorkerOf(folder);
  if (config === undefined && wrangler?.main === undefined) {
    throw new OperatorError({
      what: `There is nothing to start in ${folder}.`,
      why: "It has no tidemark.config.ts, and no wrangler file with a main module.",
      hint: "Run tidemark init here, or change to the folder of your site.",
    });
  }
  const variables = parseEnv((await textIfThere(join(folder, ".dev.vars"))) ?? "");
  // Leave out SITE_HOST: redirects and absolute URLs would lead to the deployed site.
  const { SITE_HOST: _, ...deployed } = wrangler?.variables ?? {};
  const texts = Object.entries({ ...deployed, ...variables });
  const database = databaseOf(variables);
  return {
    main: undefined,
    compatibility: {},
    ...wrangler,
    library: libraryIn(folder),
    config,
    variables: Object.fromEntries(
      texts.filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
    otherFiles: [...wranglerNames, ".dev.vars"].map((name) => join(folder, name)),
    notes: [
      ...(wrangler?.notes ?? []),
      ...(await cfNotes(folder)),
      ...(isFault(database)
        ? [
            `npx wrangler dev does not use the database of .dev.vars. ${database.why} ${database.hint}`,
          ]
        : []),
    ],
  };
}

type WorkerOfFolder = Omit<Project, "library" | "config" | "hasDashboard" | "otherFiles">;

/** The classes of Durable Objects that run locally. */
const classes: readonly string[] = ["TidemarkJournal", "TidemarkRecords"];

/** Returns `undefined` without a wrangler file. @throws OperatorError if it cannot be read */
export async function readWorkerOf(folder: string): Promise<WorkerOfFolder | undefined> {
  const file = await readWranglerFile(folder);
  if (file.kind === "absent") return undefined;
  if (file.kind === "malformed") {
    const what = `${join(folder, file.name)} cannot be read.`;
    throw new OperatorError({ what, why: file.why, hint: "Fix that file." });
  }
  const {
    main,
    vars,
    compatibility_date: writtenDate,
    compatibility_flags: flags,
    r2_buckets: r2,
    durable_objects: objects,
    ...others
  } = file.table;
  const bound = tablesIn(tableOf(objects)["bindings"]);
  const isOurs = ({ class_name: written }: Table) => classes.includes(String(written));
  const ours = bound
    .filter(isOurs)
    .flatMap(({ name, class_name: written }) =>
      textsIn([name]).map((text) => [text, String(written)] as const),
    );
  const created = sqliteClassesIn(file.table);
  const uncreated = ours.map(([, written]) => written).filter((one) => !created.includes(one));
  const date = dateText(writtenDate);
  const variables = Object.entries(tableOf(vars));
  const isText = (pair: [string, unknown]): pair is [string, string] => typeof pair[1] === "string";
  const notGiven = [
    ...variables.filter((pair) => !isText(pair)).map(([key]) => `${key} (vars, not a string)`),
    ...bindingsIn({
      ...others,
      durable_objects: { bindings: bound.filter((one) => !isOurs(one)) },
    }),
  ];
  return {
    main: typeof main === "string" ? resolve(folder, main) : undefined,
    compatibility: {
      ...(date === undefined ? {} : { date }),
      flags: textsIn(flags),
    },
    variables: Object.fromEntries(variables.filter(isText)),
    rateLimits: rateLimitsIn(others["ratelimits"]),
    r2Buckets: tablesIn(r2).flatMap(({ binding }) => textsIn([binding])),
    ...(ours.length > 0 && { durableObjects: Object.fromEntries(ours) }),
    notes: [
      ...(uncreated.length === 0
        ? []
        : [
            `${file.name} does not declare ${uncreated.join(" and ")} in exports, so Cloudflare refuses the Worker. tidemark doctor shows what to write.`,
          ]),
      ...(notGiven.length === 0
        ? []
        : [
            `${file.name} has bindings that are not available here: ${notGiven.join(", ")}. If the Worker needs them, run npx wrangler dev.`,
          ]),
    ],
  };
}

/** Returns the bindings that are not available on this machine, each with its section. */
function bindingsIn(sections: Table): string[] {
  return Object.entries(sections).flatMap(([section, value]) => {
    const { bindings, producers, binding } = tableOf(value);
    const items = [...[value, bindings, producers].flatMap(tablesIn), { binding }];
    return items.flatMap(({ binding: bound, name }: Table) => {
      const named = bound ?? (bindings === undefined ? undefined : name);
      return typeof named === "string" ? [`${named} (${section})`] : [];
    });
  });
}

function rateLimitsIn(value: unknown): Readonly<Record<string, RateLimitSettings>> {
  const limits = tablesIn(value).flatMap(({ name, simple }) => {
    const { limit, period } = tableOf(simple);
    const isPeriod = period === 10 || period === 60;
    return typeof name === "string" && typeof limit === "number" && isPeriod
      ? [[name, { limit, periodSeconds: period }] as const]
      : [];
  });
  return Object.fromEntries(limits);
}
