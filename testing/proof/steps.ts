// All steps of the model.
import { ofData } from "./data-steps.ts";
import { ofJournal } from "./journal-steps.ts";
import { ofResponses } from "./response-steps.ts";
import type { Step } from "./step.ts";
import { ofViews } from "./view-steps.ts";

export const steps: Readonly<Record<string, Step>> = {
  ...ofJournal,
  ...ofViews,
  ...ofResponses,
  ...ofData,
};
