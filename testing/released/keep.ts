// Keeps the Worker and the data of a checkout as the last release (CONTRIBUTING.md, "Release").
//   node testing/released/keep.ts [--source <the folder of a checkout>]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../local/bundling.ts";
import { lived } from "./life.ts";
import { keepRelease } from "./release.ts";
import { openWorker } from "./worker-text.ts";

const { values } = parseArgs({ options: { source: { type: "string", default: root } } });
const { version } = JSON.parse(readFileSync(join(values.source, "package.json"), "utf8")) as {
  version: string;
};
const worker = await openWorker(values.source);
const forms = await lived(worker);
process.stdout.write(`${keepRelease({ version, worker, forms })}\n`);
// The process does not end by itself, because one request waits for an origin that never answers.
process.exit();
