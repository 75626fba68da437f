import { refusalOf } from "./trace-player.ts";
import { scheduledHistoryOf } from "../simulation/scheduled-history.ts";
import { partsWithCopies } from "../simulation/simulated-copies.ts";
const [kind, from, to] = process.argv.slice(2);
let bad = 0;
for (let seed = Number(from); seed < Number(to); seed++) {
  const trace: string[] = [];
  await scheduledHistoryOf(seed, { kind: kind as never, parts: partsWithCopies().parts, trace });
  const t = Date.now();
  const r = refusalOf(trace);
  if (r) { bad++; console.log(kind, seed, trace.length, Date.now() - t, JSON.stringify(r)); }
}
console.log(kind, "bad", bad);
process.exit(0);
