// Type checks and runs each recipe of docs/cookbook.md, by the row with its heading.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newerNode, run, tool } from "../package/commands.ts";
import { operationRows } from "./operation-rows.ts";
import { Kitchen, type Step } from "./play.ts";
import { type Recipe, recipes, tsconfig, writeRecipe, writeRules } from "./recipes.ts";
import { routeRows } from "./route-rows.ts";

const rows = [...routeRows, ...operationRows];
let folder = "";
const folderOf = (recipe: Recipe) => join(folder, String(recipes.indexOf(recipe)));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-cookbook-"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "tsconfig.json"), tsconfig);
  for (const recipe of recipes) await writeRecipe(recipe, folderOf(recipe));
  await writeRules(join(folder, "rules"));
});
afterAll(() => rm(folder, { recursive: true }));

it("each recipe has a row, and each row a recipe", () => {
  const headings = recipes.map(({ heading }) => heading);
  expect(rows.map(({ recipe }) => recipe).toSorted()).toEqual(headings.toSorted());
});

it("each recipe has code of at most 20 lines, in a language that the rows run", () => {
  const isRunnable = ({ unknown, linesMax }: Recipe) =>
    unknown.length === 0 && linesMax > 0 && linesMax <= 20;
  const faulty = recipes.filter((recipe) => !isRunnable(recipe));
  expect(faulty.map(({ heading }) => heading)).toEqual([]);
});

it("the code of all recipes, and of the rules of docs/vcl.md, has the types of the package", async () => {
  const output = await run(newerNode, [tool("typescript/bin/tsc"), "-p", folder], folder);
  expect(output).toBe("");
});

it.each(recipes.map((recipe) => ({ recipe, heading: recipe.heading })))(
  "$heading",
  async ({ recipe }) => {
    const row = rows.find((one) => one.recipe === recipe.heading);
    if (row === undefined)
      throw new Error(
        "This recipe has no row in test/cookbook/route-rows.ts or operation-rows.ts.",
      );
    const ran = row.steps.flatMap((step) => ("runs" in step ? [step.runs] : []));
    expect(ran.filter((one) => typeof one === "number")).toEqual([...recipe.commands.keys()]);
    const kitchen = await Kitchen.open(recipe, row, folderOf(recipe));
    const played: Step[] = [];
    for (const step of row.steps) played.push(await kitchen.play(step));
    expect(played).toEqual(row.steps);
  },
);
