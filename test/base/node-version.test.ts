// Tests that a Node that is too old is refused when a process imports the package, and not at its first request.
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const program = `
  const [versions, ...files] = process.argv.slice(1);
  Object.defineProperty(process, "versions", { value: JSON.parse(versions) });
  for (const file of files) {
    await import(file).then(() => console.log("runs"), ({ message }) => console.log(message));
  }
`;

/** Returns what each import of these modules in a process with these versions leads to. */
function imported(versions: object, files: readonly string[]): string[] {
  const urls = files.map((file) => new URL(`../../${file}`, import.meta.url).href);
  const given = ["--input-type=module", "--eval", program, "--", JSON.stringify(versions), ...urls];
  return execFileSync(process.execPath, given, { encoding: "utf8" }).trim().split("\n");
}

/** Entries that use nothing of a newer Node. Without `tidemark`, a part such as the dashboard is of no use. */
const anyNode = "dashboard device opentelemetry purger release rules sinks"
  .split(" ")
  .map((name) => `./${name}`);

it("Node 20 is refused by each entry that needs a newer one", () => {
  const needing = Object.entries(manifest.exports).filter(([name]) => !anyNode.includes(name));
  const files = needing.flatMap(([, file]) =>
    typeof file === "string"
      ? []
      : file.types.replace("./dist/types/", "src/").replace(/d\.ts$/, "ts"),
  );
  const refused = new Set(imported({ node: "20.20.2" }, files));
  expect([...refused]).toEqual(["tidemark needs Node 22.12 or newer; this is v20.20.2."]);
});

it.each([
  ["22.11.0", {}, false],
  ["22.12.0", {}, true],
  ["24.0.0", {}, true],
  ["22.6.0", { bun: "1.2.0" }, true],
  ["22.6.0", { deno: "2.0.0" }, true],
])("Node %s, with %j, runs: %s", (node, others, runs) => {
  const [result] = imported({ node, ...others }, ["src/base/node-globals.ts"]);
  expect(result === "runs").toBe(runs);
});
