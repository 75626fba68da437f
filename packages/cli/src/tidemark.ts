#!/usr/bin/env node
// The entry point of the command `tidemark`. An older Node cannot load the other modules.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 12)) {
  const { main } = await import("./main.ts");
  const { worldOf } = await import("./world.ts");
  const code = await main(worldOf(process));
  // The exit code is already set if the result could not be written.
  process.exitCode ||= code;
} else {
  const found = `This is Node ${process.versions.node}, and the command needs 22.12 or newer.`;
  process.stderr.write(`tidemark does not run here. ${found} Install a newer Node.\n`);
  process.exitCode = 1;
}
