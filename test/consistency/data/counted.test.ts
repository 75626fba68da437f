// Increments in histories made by hand: which numbers the tries account for.
import { expect, it } from "vitest";
import { checkData } from "../../../testing/consistency/data/checker/check-data.ts";
import { viewsStep } from "../../../testing/consistency/data/keys.ts";
import { historyOf, path } from "./hand-made.ts";

const seenAt = (atMs: number, value: number) => ({ path, atMs, value: viewsStep + value });
const raised = (invokedAtMs: number, value?: number) => ({
  path,
  invokedAtMs,
  returnedAtMs: invokedAtMs + 5,
  ...(value === undefined ? {} : { value }),
});

it.each([
  {
    id: "two for one try",
    parts: { counts: [seenAt(20, 2)], increments: [raised(10, viewsStep + 2)] },
    expected: ["counted-twice"],
  },
  {
    id: "one for a try that told nothing",
    parts: { counts: [seenAt(20, 1)], increments: [raised(10)] },
    expected: [],
  },
  {
    id: "one before anybody tried",
    parts: { counts: [seenAt(20, 1)], increments: [raised(21)] },
    expected: ["counted-twice"],
  },
  {
    id: "what raised another beginning does not count",
    parts: { counts: [seenAt(20, 1)], increments: [raised(10, 2 * viewsStep + 1)] },
    expected: ["counted-twice"],
  },
])("$id", ({ parts, expected }) => {
  const { violations } = checkData(historyOf(parts));
  expect(violations.map(({ rule }) => rule)).toEqual(expected);
});
