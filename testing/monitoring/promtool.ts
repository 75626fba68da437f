// Prometheus' own programs, where this machine has them. TIDEMARK_REQUIRE_PROMETHEUS=1 makes their
// absence fail.
import { spawnSync } from "node:child_process";

/** Whether `promtool` and `prometheus` are on PATH. */
export const isPrometheusInstalled = ["promtool", "prometheus"].every(
  (command) => spawnSync(command, ["--version"]).status === 0,
);

if (!isPrometheusInstalled) {
  const lack = "No promtool and prometheus are on PATH (Debian: apt-get install prometheus).";
  if (process.env["TIDEMARK_REQUIRE_PROMETHEUS"] === "1") {
    throw new Error(`TIDEMARK_REQUIRE_PROMETHEUS is 1, but: ${lack}`);
  }
  console.warn(`${lack} What needs them is not tested here.`);
}

/** @returns what it said on both of its outputs, and its exit code */
export function promtool(
  args: readonly string[],
  input = "",
): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}
