// What a project's wrangler file says of its Worker, as far as it can be had on this machine.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type ParseError, parse as parseJson, printParseErrorCode } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import type { RateLimitSettings } from "../../../../local/colo.ts";
import type { Project } from "../../../../local/run/project.ts";
import { OperatorError } from "../../../../src/operator-error.ts";

/** In the order in which wrangler looks for them. */
export const wranglerFiles = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"] as const;

export interface WranglerFile extends Pick<
  Project,
  "main" | "compatibility" | "variables" | "notes"
> {
  readonly rateLimits: Readonly<Record<string, RateLimitSettings>>;
}

type Table = Readonly<Record<string, unknown>>;

/** @returns `undefined` where there is none. @throws OperatorError for one that cannot be read */
export async function readWranglerFile(folder: string): Promise<WranglerFile | undefined> {
  const name = wranglerFiles.find((file) => existsSync(join(folder, file)));
  if (name === undefined) return undefined;
  const path = join(folder, name);
  const text = await readFile(path, "utf8");
  const {
    main,
    vars,
    compatibility_date: date,
    compatibility_flags: flags,
    ...others
  } = tableIn(text, path);
  const variables = Object.entries(tableOf(vars));
  const isText = (pair: [string, unknown]): pair is [string, string] => typeof pair[1] === "string";
  const notGiven = [
    ...variables.filter((pair) => !isText(pair)).map(([key]) => `${key} (vars, no text)`),
    ...bindingsIn(others),
  ];
  return {
    main: typeof main === "string" ? resolve(folder, main) : undefined,
    compatibility: {
      ...(typeof date === "string" ? { date } : {}),
      flags: listOf(flags).filter((flag) => typeof flag === "string"),
    },
    variables: Object.fromEntries(variables.filter(isText)),
    rateLimits: rateLimitsIn(others["ratelimits"]),
    notes:
      notGiven.length === 0
        ? []
        : [
            `${name} gives the Worker what is not given here: ${notGiven.join(", ")}. Where it needs that, run npx wrangler dev.`,
          ],
  };
}

function tableIn(text: string, path: string): Table {
  if (path.endsWith(".toml")) {
    try {
      return parseToml(text);
    } catch (cause) {
      const { line, column, message } = cause as { line: number; column: number; message: string };
      const [said = ""] = message.split("\n", 1);
      throw unreadable(path, `Line ${line}, column ${column}: ${said}.`, cause);
    }
  }
  const errors: ParseError[] = [];
  const table: unknown = parseJson(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first === undefined) return tableOf(table);
  const lines = text.slice(0, first.offset).split("\n");
  const where = `Line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
  throw unreadable(path, `${where}: ${printParseErrorCode(first.error)}.`);
}

function unreadable(path: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError({ what: `${path} cannot be read.`, why, mend: "Mend it there.", cause });
}

function tableOf(value: unknown): Table {
  const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
  return isTable ? (value as Table) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** @returns each binding with the section that has it, save those that are given here */
function bindingsIn(sections: Table): string[] {
  return Object.entries(sections).flatMap(([section, value]) => {
    const { bindings, producers, binding } = tableOf(value);
    const items = [...listOf(value), ...listOf(bindings), ...listOf(producers), { binding }];
    return items.flatMap((item) => {
      const { binding: bound, name } = tableOf(item);
      const named = bound ?? (bindings === undefined ? undefined : name);
      return typeof named === "string" ? [`${named} (${section})`] : [];
    });
  });
}

function rateLimitsIn(value: unknown): Readonly<Record<string, RateLimitSettings>> {
  const limits = listOf(value).flatMap((item) => {
    const { name, simple } = tableOf(item);
    const { limit, period } = tableOf(simple);
    const isPeriod = period === 10 || period === 60;
    return typeof name === "string" && typeof limit === "number" && isPeriod
      ? [[name, { limit, periodSeconds: period }] as const]
      : [];
  });
  return Object.fromEntries(limits);
}
