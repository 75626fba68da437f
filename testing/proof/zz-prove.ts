import { obligations, textsOf } from "./obligations.ts";
import { invariant } from "./invariant.ts";
import { Solver } from "./solver.ts";
const [mode, secs, ...only] = process.argv.slice(2);
const limit = Number(secs) * 1000;
let solver = await Solver.start();
let n = 0; const t0=Date.now();
const names = Object.keys(invariant);
for (const one of obligations) {
  if (only.length && !only.some((o) => one.of === o || o.startsWith(one.of + ":"))) continue;
  const { question, goals } = textsOf(one);
  for (const g of goals) {
    const f = only.find((o) => o.startsWith(one.of + ":"));
    if (f && !g.name.includes(f.slice(one.of.length + 1))) continue;
    n++;
    const hyp = question.hypotheses.filter((_, at) => {
      const name = names[at];
      if (one.of === "beginning" || name === undefined) return true;
      if (mode === "auto") return /^(24|30)/.test(g.name) || !/^(24|30)/.test(name);
      if (mode === "nokeys") return !/^(24|30)/.test(name);
      if (mode === "no30") return !/^30/.test(name);
      return true;
    });
    const t = Date.now();
    const p = solver.verdicts({ ...question, hypotheses: hyp }, [g.text]);
    const r = await Promise.race([p, new Promise((s) => setTimeout(() => s(["TIMEOUT"]), limit))]) as string[];
    const ms = Date.now() - t;
    if (r[0] !== "proved" || ms > 1000) console.log(one.of, "|", g.name, "|", r[0], ms);
    if (r[0] === "TIMEOUT") { solver = await Solver.start(); }
  }
}
console.log("done", n, Date.now()-t0);
process.exit(0);
