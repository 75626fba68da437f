// The mutants that survive, and why no test needs to notice them. `npm run bench -- mutation`
// compares them with each run.
import type { Explained } from "./judge.ts";

export const explained: readonly Explained[] = [
  {
    file: "src/rules/cache-control.ts",
    reason: "A directive without field names and one with an invalid name are both unqualified.",
    mutants: [
      'const names = (argument ?? "Stryker was here!").split(",").map((name) => name.trim().toLowerCase());',
    ],
  },
  {
    file: "src/rules/directives.ts",
    reason: "The function counts quotes, and the replacement contains none.",
    mutants: [
      String.raw`return member.replaceAll(/\\[^]/g, "Stryker was here!").split('"').length % 2 === 0;`,
    ],
  },
  {
    file: "src/rules/query.ts",
    reason: "V8 sorts stably, and asks only whether a comparison is negative.",
    mutants: ["true", "false", "a.name >= b.name", "a.name <= b.name"].map(
      (greater) => `.sort((a, b) => (a.name < b.name ? -1 : Number(${greater})))`,
    ),
  },
  {
    file: "src/rules/storable-fields.ts",
    reason: "Without this line, the function returns a copy of the same set.",
    mutants: ["if (false) return hopByHop;"],
  },
  {
    file: "src/rules/validators.ts",
    reason: "Without this line, the comparison of the list gives the same result more slowly.",
    mutants: ["if (false) return true;"],
  },
];
