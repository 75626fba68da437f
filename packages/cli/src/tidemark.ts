#!/usr/bin/env node
// The command `tidemark`.
import { main } from "./main.ts";
import { worldOf } from "./process-world.ts";

process.exitCode = await main(worldOf(process));
