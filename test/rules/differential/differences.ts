// All known differences between Tidemark and http-cache-semantics, which docs/differences.md explains.
import type { Difference } from "./difference.ts";
import { differencesOfReading } from "./differences-of-reading.ts";
import { differencesOfStoring } from "./differences-of-storing.ts";
import { differencesOfUse } from "./differences-of-use.ts";
import { differencesOfValidation } from "./differences-of-validation.ts";

export const differences: readonly Difference[] = [
  ...differencesOfReading,
  ...differencesOfStoring,
  ...differencesOfUse,
  ...differencesOfValidation,
];
