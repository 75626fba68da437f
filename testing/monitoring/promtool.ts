// Prometheus's own programs, if installed. With TIDEMARK_REQUIRE_PROMETHEUS=1, their absence is an
// error.
import { spawnSync } from "node:child_process";
import { isInstalled } from "../programs.ts";

/** Whether `promtool` and `prometheus` are on PATH. */
export const isPrometheusInstalled = isInstalled(
  "PROMETHEUS",
  ["promtool", "prometheus"].every((command) => spawnSync(command, ["--version"]).status === 0),
  "No promtool and prometheus are on PATH (Debian: apt-get install prometheus). Tests that need them are skipped.",
);

/** @returns the text of both outputs, and the exit code */
export function promtool(
  args: readonly string[],
  input = "",
): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}
