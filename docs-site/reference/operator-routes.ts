// Renders the page of the operator's routes, from the OpenAPI document and the docstrings of src/protocol/.
import { declarationOf, linked, membersOf } from "./docstrings.ts";
import { openApi, type Operation, operations } from "./openapi.ts";

/** The parts of a JSON schema that the page shows. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/**
 * The declarations in src/protocol/ whose docstrings describe the members of a schema, by its path. They also hold
 * for the members below, unless these have an entry of their own. The members of `answers` need no entry.
 */
const declarations: Readonly<Record<string, readonly string[]>> = {
  purgeOrder: ["purge-order PurgeOrder"],
  switchOrder: ["operator-orders switchOrder"],
  outwardOrder: ["operator-orders outwardOrder"],
  warmOrder: ["operator-orders warmOrder"],
  purge: ["answers reading"],
  dryRun: ["answers reading"],
  outward: ["answers outwardTarget"],
  journal: ["answers journalEntry"],
  warm: ["answers warmed"],
  healthOrStatus: ["answers health"],
  explain: ["explain-answer explanation"],
  "explain.look": ["explain-answer look"],
  "explain.look.key": ["explain-answer key"],
  "explain.look.tiers": ["explain-answer tier"],
  "explain.look.tiers.copy": ["explain-answer response", "explain-answer copy"],
  "explain.look.purges": ["explain-answer purges"],
  "explain.look.purges.newest": ["explain-answer purge"],
  "explain.look.nearest": ["explain-answer nearest"],
  "explain.look.last": ["explain-answer response", "explain-answer last"],
};

const credentials = {
  operator: "`ADMIN_TOKEN`, or a token derived from it",
  purger: "a signature with `PURGE_SECRET`, or `ADMIN_TOKEN`",
  challenge: "a challenge that is signed with `ADMIN_TOKEN`",
  sender: "as the sender of the hook signs",
  open: "none; with a token, the answer has more",
} as const;

/** Returns the page. */
export function operatorRoutes(): string {
  return `# Operator's routes

All these routes are below \`/_cache/\`, or the path that [\`operatorPath\`](options.md#operatorpath) sets. \`npm run docs\` also writes them as \`openapi.json\`. A refused request gets \`{"error": {code, what, why, hint}}\`.
${Object.entries(operations).map(sectionOf).join("")}`;
}

function sectionOf([name, operation]: [string, Operation]): string {
  const [method = "", path = ""] = name.split(" ");
  const {
    summary,
    page,
    by = "operator",
    order,
    query = {},
    answers = [],
    text,
    refusals = {},
  } = operation;
  const asked = Object.entries(query).map(
    ([parameter, { description, required }]) =>
      `  - \`${parameter}\`: ${description}${required === true ? " Required." : ""}\n`,
  );
  const refused = Object.entries(refusals).map(
    ([status, description]) => `  - ${status}: ${linked(description)}\n`,
  );
  const { schemas } = openApi().components;
  return [
    `\n## ${method.toUpperCase()} /_cache${path}\n\n${summary} See ${linked(`docs/${page}.md`)}.\n\n`,
    `- Credentials: ${credentials[by]}\n`,
    asked.length > 0 ? `- Query:\n${asked.join("")}` : "",
    order === undefined ? "" : `- Body:\n${linesOf(order, schemas[order], { isOrder: true })}`,
    ...answers.map(
      (one) =>
        `- Answer${answers.length > 1 ? ` \`${one}\`` : ""}:\n${linesOf(one, schemas[one], { isOrder: false })}`,
    ),
    text === undefined ? "" : `- Or as text: \`${text}\`\n`,
    refused.length > 0 ? `- Answers other than 200:\n${refused.join("")}` : "",
  ].join("");
}

interface Place {
  readonly isOrder: boolean;
  /** What the docstrings say of the members above. */
  readonly above?: ReadonlyMap<string, string>;
  readonly indent?: string;
}

/** Returns the members of a body as a list, with a mark for what an order needs, and an answer may lack. */
function linesOf(
  path: string,
  schema: Schema = {},
  { isOrder, above, indent = "  " }: Place,
): string {
  const options = [schema, ...(schema.anyOf ?? [])];
  const { properties = {}, required = [] } =
    options.find((one) => one.properties !== undefined) ?? schema;
  const texts = textsAt(path) ?? above;
  return Object.entries(properties)
    .map(([name, one]) => {
      const mark =
        required.includes(name) === isOrder ? (isOrder ? ", required" : ", optional") : "";
      const text = texts?.get(name);
      const entry = typeof one.items === "object" ? one.items : one;
      const inner = { isOrder, indent: `${indent}  `, ...(texts && { above: texts }) };
      return `${indent}- \`${name}\` (\`${typeOf(one)}\`${mark})${text === undefined ? "" : `: ${linked(text)}`}\n${linesOf(`${path}.${name}`, entry, inner)}`;
    })
    .join("");
}

/** Returns what the docstrings say of members, by name; `undefined` if nothing is declared at this path. */
function textsAt(path: string): ReadonlyMap<string, string> | undefined {
  const declared = (declarations[path] ?? []).map((one) => {
    const [file = "", name = ""] = one.split(" ");
    return declarationOf(`src/protocol/${file}.ts`, name);
  });
  const inAnswers = declarationOf("src/protocol/answers.ts", "answers")
    ?.split(/^ {2}(?=\w+[:,])/m)
    .find((text) => text.startsWith(`${path}:`));
  const members = [...declared, inAnswers].flatMap((text) => membersOf(text ?? ""));
  const texts = members.map(
    ({ name, text, fallback }) =>
      [name, fallback === "" ? text : `${text} Default: ${fallback}.`] as const,
  );
  return texts.length === 0 ? undefined : new Map(texts);
}

function typeOf({ type = "any", anyOf, enum: values, const: only, items }: Schema): string {
  if (values !== undefined) return values.map((one) => JSON.stringify(one)).join(" | ");
  if (only !== undefined) return JSON.stringify(only);
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(" | ");
  if (type !== "array" || typeof items !== "object") return type;
  const entry = typeOf(items);
  return entry.includes(" | ") ? `(${entry})[]` : `${entry}[]`;
}
