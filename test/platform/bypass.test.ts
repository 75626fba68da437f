// Tests the variable BYPASS: how its route names are read, and which values have no effect.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import type { Fault } from "../../src/base/operator-error.ts";
import { bypassOf } from "../../src/platform/bypass.ts";

const names = ["lists", "all", "front page", "ä,b", "[odd]"];
const config = defineConfig({ routes: names.map((name, at) => ({ name, match: `/${at}/*` })) });

function read(BYPASS: unknown) {
  const faults: Fault[] = [];
  return { bypass: bypassOf({ BYPASS }, config, faults), faults };
}

describe("BYPASS", () => {
  it.each([
    [undefined, false],
    ["  ", false],
    [" all ", true],
    ["lists\tä,b lists", ["lists", "ä,b"]],
    ['["all"]', ["all"]],
    ['["front page", "[odd]"]', ["front page", "[odd]"]],
    [["front page"], ["front page"]],
  ])("%j is read as %j", (value, bypass) => {
    expect(read(value)).toEqual({ bypass, faults: [] });
  });

  it.each([
    ["front page", /No route has the name "front"\./],
    ["all lists prices", /"prices"/],
    ["[]", /It names no route\./],
    ["[lists]", /It names no route\./],
    ['["prices"]', /"prices"/],
    [true, /It names no route\./],
    [[1], /It names no route\./],
  ])("%j has no effect, and is reported with the reason", (value, why) => {
    const { bypass, faults } = read(value);
    expect([bypass, faults.length]).toEqual([false, 1]);
    expect(faults[0]?.why).toMatch(why);
    expect(faults[0]?.hint).toContain('"front page"');
  });
});
