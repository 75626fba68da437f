// Tests the context of no client where Node keeps contexts in async resources, as Node 22 does.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

const program = `
  import { AsyncLocalStorage } from "node:async_hooks";
  const { inNeutralContext } = await import(process.argv[1]);
  const users = new AsyncLocalStorage();
  const entering = (user) => () => {
    const before = users.getStore() ?? "nobody";
    users.enterWith(user);
    return before;
  };
  const seen = users.run("eve", () => [inNeutralContext(entering("ada")), inNeutralContext(entering("bob"))]);
  process.stdout.write([...seen, users.getStore() ?? "nobody"].join(" "));
`;

it.each(["--async-context-frame", "--no-async-context-frame"])(
  "work that enters a context for good leaves it to no later work: %s",
  (flag) => {
    const file = new URL("../../src/base/neutral-context.ts", import.meta.url).href;
    const given = [flag, "--input-type=module", "--eval", program, "--", file];
    const seen = execFileSync(process.execPath, given, { encoding: "utf8" });
    expect(seen).toBe("nobody nobody nobody");
  },
);
