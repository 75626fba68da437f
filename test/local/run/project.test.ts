// Tests the variables of `npm start`.
import { describe, expect, it } from "vitest";
import { ownProject } from "../../../local/run/project.ts";
import { tempFolder } from "../../../packages/cli/test/fakes/temp-folder.ts";

const folder = tempFolder();
const variablesOf = () => ownProject("tidemark.config.ts", "redis", folder.path);

describe("npm start", () => {
  it("has no variables without .dev.vars", () => {
    expect(variablesOf()).toMatchObject({ variables: {}, notes: [] });
  });

  it("gives the Worker the variables of .dev.vars, and names those that it sets itself", async () => {
    const text = [
      "HOOK_SECRET_SHOP=6fb1c2e9-of-the-shop",
      "ORIGIN_URL=https://origin.test",
      "UPSTASH_REDIS_REST_URL=https://database.test",
    ].join("\n");
    await folder.write(".dev.vars", text);
    const { variables, notes, otherFiles } = variablesOf();
    expect(variables["HOOK_SECRET_SHOP"]).toBe("6fb1c2e9-of-the-shop");
    expect(notes).toEqual([
      "npm start does not use ORIGIN_URL, UPSTASH_REDIS_REST_URL of .dev.vars, because it sets its own.",
    ]);
    expect(otherFiles).toEqual([`${folder.path}/.dev.vars`]);
  });
});
