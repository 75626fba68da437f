// For whom an answer without Vary is, once other answers for its URL vary by Origin.
import { expect, it } from "vitest";
import { originAnsweredAt } from "../../../src/proxy/storing/metadata-of-answer.ts";
import { keep, keepUntilAtMs, memoryTier } from "../../../testing/examples/records.ts";
import { askedWith, exchangeWith } from "../../../testing/examples/requests.ts";

it.each([
  { id: "nothing has come since the lookup", came: "nothing", answered: "any" },
  { id: "a marker has come since the lookup", came: "since", answered: "this" },
  { id: "memory was not read", came: "unread", answered: "this" },
] as const)("$id", ({ came, answered }) => {
  const memory = memoryTier(100_000);
  const lookup = askedWith();
  const marker = { kind: "vary", names: ["origin"], sinceAtMs: 0, variants: [] } as const;
  const memoryCount = came === "unread" ? undefined : memory.changeCount;
  if (came !== "nothing") memory.write(lookup.key, marker, keep);
  const exchange = exchangeWith({ tiers: { memory } }, { nowAtMs: () => keepUntilAtMs - 1_000 });
  const place = { lookup, exchange, marker: undefined, inShared: undefined, memoryCount };
  expect(originAnsweredAt(new Headers(), place)).toBe(answered);
});
