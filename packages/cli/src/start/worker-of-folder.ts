// Reads the Worker's settings from a project's wrangler file. Uses only settings that work on this
// machine.
import { join, resolve } from "node:path";
import type { RateLimitSettings } from "../../../../local/colo.ts";
import type { Project } from "../../../../local/run/project.ts";
import { OperatorError } from "../../../../src/tidemark.ts";
import {
  dateText,
  isTable,
  readWranglerFile,
  sqliteClassesIn,
  type Table,
  tablesIn,
  textsIn,
} from "../wrangler/wrangler-file.ts";

export interface WorkerOfFolder extends Pick<
  Project,
  "main" | "compatibility" | "variables" | "notes"
> {
  readonly rateLimits: Readonly<Record<string, RateLimitSettings>>;
  readonly r2Buckets: readonly string[];
  readonly durableObjects?: Readonly<Record<string, string>>;
}

/** The classes of Durable Objects that run locally. */
const classes: readonly string[] = ["TidemarkJournal", "TidemarkRecords"];

/** Returns `undefined` without a wrangler file. @throws OperatorError if it cannot be read */
export async function readWorkerOf(folder: string): Promise<WorkerOfFolder | undefined> {
  const { file } = await readWranglerFile(folder);
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

function tableOf(value: unknown): Table {
  return isTable(value) ? value : {};
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
