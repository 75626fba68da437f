// Findings about bindings that the Worker's code names and the wrangler file lacks.
import type { DoctorFinding } from "../finding.ts";
import { aboutOf, type Deployment, type FolderRead } from "./read-folder.ts";

export function bindingFindings(
  deployment: Deployment,
  { mainTexts }: FolderRead,
): DoctorFinding[] {
  const { main = "", r2Buckets } = deployment;
  const text = mainTexts.get(main) ?? "";
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
  return [...bucketRows, ...objectRows].flatMap(
    ({ name, wrong, without, remedy }): DoctorFinding[] =>
      wrong === ""
        ? []
        : [
            {
              code: "binding-incomplete",
              level: "warning",
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
