// Tests the commands with a site that has another operatorPath.
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

const commands = [
  { args: ["purge", "--tag", "a"], code: 0 },
  { args: ["purge", "--url", "/a", "--dry-run"], code: 0 },
  { args: ["explain", "/a"], code: 0 },
  { args: ["stats"], code: 0 },
  { args: ["stats", "--isolate"], code: 0 },
  // The fake database reports nothing about itself, so health has a finding.
  { args: ["health"], code: 3 },
  { args: ["journal", "--last", "5"], code: 0 },
  { args: ["switch"], code: 0 },
  { args: ["switch", "on", "--yes"], code: 0 },
  { args: ["switch", "off"], code: 0 },
] as const;

const ways = [
  { way: "the option", options: ["--operator-path", "/ops"], env: {} },
  { way: "the variable", options: [], env: { TIDEMARK_OPERATOR_PATH: "/ops" } },
] as const;

it.each(ways)(
  "all commands use the operator path that $way specifies",
  async ({ options, env }) => {
    const { fetch, asked } = openReached({ config: { operatorPath: "/ops" } });
    const user = await FakeUser.at({ fetch, env: { ...operatorEnv, ...env } });
    const codes: number[] = [];
    for (const { args } of commands) codes.push((await user.runs([...args, ...options])).code);
    expect(codes).toEqual(commands.map(({ code }) => code));
    expect(asked.filter((one) => !/^(?:GET|POST) \/ops\/\w/.test(one))).toEqual([]);
    const elsewhere = await user.runs(["health"], { env: operatorEnv });
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.notes).toContain("and operatorPath.");
  },
);
