#!/usr/bin/env node
// The entry point of the command `tidemark`.
import { main } from "./main.ts";
import { worldOf } from "./process-world.ts";

const code = await main(worldOf(process));
// The exit code is already set if the result could not be written.
process.exitCode ||= code;
