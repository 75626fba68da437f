// Keeps the Worker and the data of a checkout as the last release (CONTRIBUTING.md, "Release").
//   node testing/released/keep.ts [--source <the folder of a checkout>]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../local/bundling.ts";
import { lived } from "./life.ts";
import { livedInObjects } from "./object-places.ts";
import { keepRelease } from "./release.ts";
import { entries, openWorker } from "./worker-text.ts";

// The timers of a Worker, such as those of purges that are read back, keep no process alive.
setInterval(() => undefined, 60_000);
const { values } = parseArgs({ options: { source: { type: "string", default: root } } });
const { version } = JSON.parse(readFileSync(join(values.source, "package.json"), "utf8")) as {
  version: string;
};
const worker = await openWorker(values.source);
const forms = await lived(worker);
const overObjects = await openWorker(values.source, entries.objects);
const objects = { version, worker: overObjects, forms: await livedInObjects(overObjects) };
process.stdout.write(`${keepRelease({ version, worker, forms }, objects)}\n`);
// The process does not end by itself, because a request waits for an origin that never answers.
process.exit();
