import { historyOf } from "./history.ts";
import { writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import * as book from "../../test/simulation/planted-in-book.ts";
import * as journal from "../../test/simulation/planted-in-journal.ts";
import * as view from "../../test/simulation/planted-in-view.ts";
const kinds: Record<string, string> = { setBackUnnoticed: "turned-back", trustedAgain: "turned-back", datedBeforeTheStep: "turned-back", answeredFromMemory: "resending",
 unasked: "trimming", stampUnchecked: "trimming", endUnchecked: "trimming", prefixesUnnoted: "diverging", restampedLate: "diverging", lostCountsAsTrimmed: "overrun", unnotedIsNotReadBack: "overrun", floorIsKnown: "trimming" };
const only = process.argv.slice(3);
for (const [mod, all] of Object.entries({ view, journal, book })) for (const [name, parts] of Object.entries(all)) {
  if (only.length && !only.includes(name)) continue;
  const lines: string[] = []; const counts: number[] = [];
  const F = Number(process.env.FROM ?? 0); for (let seed = F; seed < F + Number(process.argv[2] ?? 100); seed++) {
    const t: string[] = [];
    try { await historyOf(seed, { kind: (kinds[name] ?? "ordinary") as never, trace: t, parts: parts as never }); } catch (e) { console.log(name, seed, String(e)); }
    for (const l of t) lines.push(l);
  }
  writeFileSync("/tmp/spec-t/f.jsonl", lines.join("\n") + "\n");
  const out = execFileSync("/tmp/spec-t/pan", { env: { TRACES: "/tmp/spec-t/f.jsonl" }, encoding: "utf8" });
  const rejected = out.split("\n").filter((l) => l.startsWith("rejected")).map((l) => l.split(" ")).sort((a, b) => Number(a[1]) - Number(b[1]));
  const by = new Map<string, number>();
  for (const r of rejected) { const k = r.slice(3).join(" "); by.set(k, (by.get(k) ?? 0) + 1); }
  console.log(mod, name, kinds[name] ?? "ordinary", "first:", rejected[0]?.[1], "of", out.split("\n").filter((l) => /^(rej|acc)/.test(l)).length, "|", [...by].map(([k, c]) => `${k} ×${c}`).join("; "));
}
