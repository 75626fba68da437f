// Compares forms of a record in Redis: the commands, bytes and dollars of a hash and of a string,
// and the cost and benefit of compression with gzip in workerd.
import "../testing/fakes/workers-globals.ts";
import { bodyCosts } from "./shared-record/bodies.ts";
import { machineSaid } from "./load/figures.ts";
import { layoutCosts } from "./shared-record/layouts.ts";

process.stdout.write(`${machineSaid()}\n\n`);
process.stdout.write(`${await layoutCosts()}\n`);
process.stdout.write(await bodyCosts());
