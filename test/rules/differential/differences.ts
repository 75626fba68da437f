// All known differences between Tidemark and http-cache-semantics 4.3.0, in its mode for a shared
// cache. Each has a comment with the clause. Without an RFC, a clause is one of RFC 9111.
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
