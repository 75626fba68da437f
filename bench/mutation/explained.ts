// The mutants that survive, and why no test needs to notice them. `npm run bench -- mutation`
// compares them with each run.
import type { Explained } from "./judge.ts";

export const explained: readonly Explained[] = [];
