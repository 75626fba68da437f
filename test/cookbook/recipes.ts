// Reads the recipes of docs/cookbook.md, and writes their code as files that Node and tsc can use.
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../local/bundling.ts";

export interface Recipe {
  readonly heading: string;
  /** The fields of `defineConfig`. */
  readonly config?: string;
  /** The texts of modules, such as a function around the Worker. */
  readonly modules: readonly string[];
  /** The command lines of `sh` blocks. */
  readonly commands: readonly string[];
  /** The members of `wrangler.jsonc`. */
  readonly wrangler: readonly string[];
  /** The languages of blocks that the tests do not know. */
  readonly unknown: readonly string[];
  /** The number of lines of the longest block. */
  readonly linesMax: number;
}

export const recipes: readonly Recipe[] = readFileSync(join(root, "docs/cookbook.md"), "utf8")
  .split(/^## /m)
  .slice(1)
  .map(recipeIn);

function recipeIn(section: string): Recipe {
  const [heading = ""] = section.split("\n", 1);
  const blocks = [...section.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  const of = (language: string) =>
    blocks.flatMap(([, name, content = ""]) => (name === language ? [content] : []));
  const isModule = (text: string) => /^(?:import|export) /m.test(text);
  const configs = of("ts").filter((text) => !isModule(text));
  if (configs.length > 1) throw new Error(`"${heading}" has two configurations.`);
  return {
    heading,
    ...(configs[0] !== undefined && { config: configs[0] }),
    modules: of("ts").filter(isModule),
    commands: of("sh").flatMap((text) => text.trimEnd().split("\n")),
    wrangler: of("jsonc"),
    unknown: blocks.flatMap(([, name = ""]) => (/^(?:ts|sh|jsonc)$/.test(name) ? [] : [name])),
    linesMax: Math.max(...blocks.map(([, , content = ""]) => content.split("\n").length - 1)),
  };
}

/** Writes the files of a recipe into a new folder. */
export async function writeRecipe({ config, modules }: Recipe, folder: string): Promise<void> {
  await mkdir(folder);
  const used = ["esi", "query", "release", "slices"].filter((name) => config?.includes(`${name}(`));
  const imports = used.map((name) => `import { ${name} } from "tidemark/${name}";\n`).join("");
  const settings = `import { defineConfig } from "tidemark";\n${imports}\nexport default defineConfig({\n${config ?? ""}});\n`;
  await writeFile(join(folder, "tidemark.config.ts"), fromSources(settings));
  for (const [nth, content] of modules.entries()) {
    await writeFile(join(folder, moduleName(nth)), fromSources(content));
  }
}

/** Writes the rules of docs/vcl.md as modules by their names, such as `gate.ts`. */
export async function writeRules(folder: string): Promise<void> {
  await mkdir(folder);
  const page = readFileSync(join(root, "docs/vcl.md"), "utf8");
  for (const [, content = "", name = ""] of page.matchAll(
    /^```ts\n(\/\/ (\S+\.ts)\n.*?)^```$/gms,
  )) {
    await writeFile(join(folder, name), fromSources(content).replaceAll('.js";', '.ts";'));
  }
}

export const moduleName = (nth: number) => `module-${nth}.ts`;

/** Lets a module import the sources of the package. */
function fromSources(content: string): string {
  return content.replaceAll(/ from "([^."][^"]*)";/g, (_, name) => ` from "${sourceOf(name)}";`);
}

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Readonly<Record<string, { readonly types: string }>>;
};

/** @throws Error for a module that is not of the package */
function sourceOf(name: string): string {
  const found = exports[name.replace(/^tidemark/, ".")];
  if (found === undefined) throw new Error(`A recipe imports ${name}, which no test provides.`);
  return join(root, found.types.replace("dist/types", "src").replace(".d.ts", ".ts"));
}

/** The settings of tsc for the folder that contains the recipes. */
export const tsconfig = JSON.stringify({
  extends: join(root, "tsconfig.json"),
  compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
  include: ["*/*.ts", join(root, "src/**/*.d.ts")],
});
