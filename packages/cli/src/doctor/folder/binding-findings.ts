// Findings about bindings, the cron trigger, and settings that an environment does not repeat.
import { isSet } from "../../../../../src/protocol/variables/bindings.ts";
import { type DoctorFinding, quoted } from "../finding.ts";
import { aboutOf, type Deployment, type FolderRead } from "./read-folder.ts";
import { isTable, type Table } from "../../wrangler/wrangler-file.ts";

export function bindingFindings(deployment: Deployment, read: FolderRead): DoctorFinding[] {
  return [
    incomplete(deployment, read),
    cronMissing(deployment, read),
    environmentLacks(deployment, read),
  ].flat();
}

/** Checks the known bindings that are present, and the bindings that the code names. */
function incomplete(deployment: Deployment, { mainTexts }: FolderRead): DoctorFinding[] {
  const { main = "", vars, services, rateLimits, datasets, r2Buckets } = deployment;
  const text = mainTexts.get(main) ?? "";
  const origin = services.find(({ binding }) => binding === "ORIGIN");
  const limiter = rateLimits.find(({ name }) => name === "ORIGIN_LIMITER");
  const dataset = datasets.find(({ binding }) => binding === "METRICS");
  const asText = (name: string) =>
    name in vars ? `${name} is a variable, but must be a binding` : "";
  const rows = [
    {
      name: "ORIGIN",
      wrong:
        asText("ORIGIN") ||
        (origin && !isSet(origin, "service") ? "The binding names no service" : ""),
      without: "the Worker does not start",
      remedy: 'Write it under services, as { "binding": "ORIGIN", "service": "my-site" }.',
    },
    {
      name: "ORIGIN_LIMITER",
      wrong: asText("ORIGIN_LIMITER") || (limiter ? faultOfLimiter(limiter) : ""),
      without: "no client is limited",
      remedy:
        'Write it under ratelimits, as { "name": "ORIGIN_LIMITER", "namespace_id": "1001", "simple": { "limit": 300, "period": 60 } }.',
    },
    {
      name: "METRICS",
      wrong:
        asText("METRICS") ||
        (dataset && "dataset" in dataset && !isSet(dataset, "dataset")
          ? "The binding names no dataset"
          : ""),
      without: "reports do not go to Analytics Engine",
      remedy:
        'Write it under analytics_engine_datasets, as { "binding": "METRICS", "dataset": "tidemark" }.',
    },
  ];
  const bucketRows = bucketsIn(text).map((name) => ({
    name,
    wrong: r2Buckets.some(({ binding }) => binding === name)
      ? ""
      : `${main} passes ${name} to r2Bodies, and the wrangler file does not bind it`,
    without: "large bodies are not stored in R2",
    remedy: `Write it under r2_buckets, as { "binding": "${name}", "bucket_name": "my-bodies" }.`,
  }));
  const objectRows = objectStores.flatMap((store) =>
    objectBindingsIn(text, store).map((name) => ({
      name,
      wrong: faultOfObject(name, store, deployment, text),
      without: store.without,
      remedy: `Write { "name": "${name}", "class_name": "${store.className}" } under durable_objects.bindings, write "${store.className}": { "type": "durable-object", "storage": "sqlite" } under exports, and export the class from ${main}.`,
    })),
  );
  return [...rows, ...bucketRows, ...objectRows].flatMap(
    ({ name, wrong, without, remedy }): DoctorFinding[] =>
      wrong === ""
        ? []
        : [
            {
              code: "binding-incomplete",
              level: name === "ORIGIN" ? "critical" : "warning",
              ...aboutOf(deployment),
              what: `${name} cannot be used: ${without}.`,
              cause: `${wrong}.`,
              remedy,
            },
          ],
  );
}

/** Returns the names of the bindings that the code passes to `r2Bodies`. */
function bucketsIn(text: string): string[] {
  const calls = text.matchAll(/\br2Bodies\(\s*\{\s*binding\s*:\s*["'](\w+)["']/g);
  return [...calls].map(([, name = ""]) => name);
}

/** The functions that bind a class of Durable Objects, and the binding without the option `binding`. */
const objectStores = [
  {
    maker: "durableObjectJournal",
    part: "journal",
    usual: "JOURNAL",
    className: "TidemarkJournal",
    without: "purges are refused, and no shared tier is used",
  },
  {
    maker: "durableObjectRecords",
    part: "records",
    usual: "RECORDS",
    className: "TidemarkRecords",
    without: "the shared tier is off",
  },
] as const;

function objectBindingsIn(
  text: string,
  { maker, part, usual }: (typeof objectStores)[number],
): string[] {
  const binding = `\\{[^}]*?\\bbinding\\s*:\\s*["'](\\w+)["']`;
  const calls = [
    `\\b${maker}\\((?:\\s*${binding})?`,
    `\\bdurableObjects\\((?:[^()]*?\\b${part}\\s*:\\s*${binding})?`,
  ];
  return calls.flatMap((call) =>
    [...text.matchAll(new RegExp(call, "g"))].map(([, name = usual]) => name),
  );
}

/** Returns the fault of the binding of an object; an empty string if it is valid. */
function faultOfObject(
  binding: string,
  { className }: (typeof objectStores)[number],
  deployment: Deployment,
  text: string,
): string {
  const { main = "", durableObjects, sqliteClasses } = deployment;
  const bound = durableObjects.find(({ name }) => name === binding);
  if (bound === undefined) {
    return `The stores in ${main} need ${binding}, and the wrangler file does not bind it`;
  }
  const { class_name: written, script_name: elsewhere } = bound;
  if (typeof written !== "string") return "The binding has no class_name";
  if (elsewhere !== undefined) return "";
  if (!sqliteClasses.includes(written))
    return `Neither exports nor a migration creates ${written} with SQLite`;
  const isExported = new RegExp(`\\bexport\\s*\\*|\\bexport\\b[^;]*\\b${className}\\b`).test(text);
  return isExported || written !== className ? "" : `${main} does not export ${written}`;
}

/** Returns the fault of a rate limiter's settings; an empty string if they are valid. */
function faultOfLimiter({ namespace_id, simple }: Table): string {
  if (namespace_id === undefined || namespace_id === "") return "The binding has no namespace_id";
  if (!isTable(simple) || typeof simple["limit"] !== "number") return "The binding has no limit";
  const { period } = simple;
  if (period === 10 || period === 60) return "";
  return `Its period is ${JSON.stringify(period) ?? "not set"}, but must be 10 or 60`;
}

function cronMissing(deployment: Deployment, { configuration }: FolderRead): DoctorFinding | [] {
  const usesHotKeys = /\bhotKeys\s*:\s*[1-9]/.test(configuration ?? "");
  if (!usesHotKeys || deployment.crons.length > 0) return [];
  return {
    code: "cron-missing",
    level: "warning",
    ...aboutOf(deployment),
    what: "No key is kept warm: nothing refreshes hot keys before they expire.",
    cause: "The configuration has hotKeys, and the wrangler file has no cron trigger.",
    remedy: 'Write "triggers": { "crons": ["* * * * *"] }, and deploy.',
  };
}

const variables = ["SITE_HOST", "BYPASS"];

/** Finds top-level settings that an environment does not repeat. They have no effect in that environment. */
function environmentLacks(deployment: Deployment, { deployments }: FolderRead): DoctorFinding | [] {
  const top = deployments.find(({ environment }) => environment === undefined);
  if (top === undefined || deployment === top) return [];
  const names = [
    ...variables.filter((name) => isSet(top.vars, name) && !(name in deployment.vars)),
    ...(hasLimiter(top) && !hasLimiter(deployment) ? ["ORIGIN_LIMITER"] : []),
    ...(hasDataset(top) && !hasDataset(deployment) ? ["METRICS"] : []),
  ];
  if (names.length === 0) return [];
  return {
    code: "environment-lacks",
    level: "warning",
    ...aboutOf(deployment),
    what: `The environment lacks ${quoted(names)}.`,
    cause: "An environment does not inherit variables and bindings from the top of the file.",
    remedy: "Repeat them in the environment, with its own values.",
  };
}

const hasLimiter = ({ rateLimits }: Deployment) =>
  rateLimits.some(({ name }) => name === "ORIGIN_LIMITER");

const hasDataset = ({ datasets }: Deployment) =>
  datasets.some(({ binding }) => binding === "METRICS");
