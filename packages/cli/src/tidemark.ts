#!/usr/bin/env node
// The command `tidemark`.
import { main } from "./main.ts";
import { worldOf } from "./process-world.ts";

const code = await main(worldOf(process));
// It is set already if the result could not be written.
process.exitCode ||= code;
