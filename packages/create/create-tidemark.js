#!/usr/bin/env node
// `npm create tidemark`: runs `tidemark create` with the same arguments.
process.argv.splice(2, 0, "create");
await import("tidemark-cli/dist/tidemark.js");
