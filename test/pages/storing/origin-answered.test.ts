// Tests whether an answer without Vary may answer requests with any Origin field, or only requests
// with this request's Origin field because other answers for the URL vary by Origin.
import { expect, it } from "vitest";
import { originAnsweredAt } from "../../../src/pages/storing/metadata-of-answer.ts";
import { keep, keepUntilAtMs, memoryTier } from "../../../testing/examples/records.ts";
import { askedWith, exchangeWith, placeOf } from "../../../testing/examples/requests.ts";

it.each([
  { id: "memory has not changed since the lookup", came: "nothing", answered: "any" },
  { id: "memory has a marker since the lookup", came: "since", answered: "this" },
  { id: "memory was not read", came: "unread", answered: "this" },
] as const)("returns $answered for an answer without Vary: $id", ({ came, answered }) => {
  const memory = memoryTier(100_000);
  const request = askedWith();
  const marker = {
    kind: "vary",
    names: ["origin"],
    sinceAtMs: 0,
    listedSinceAtMs: 0,
    variants: [],
  } as const;
  const memoryCount = came === "unread" ? undefined : memory.changeCount;
  if (came !== "nothing") memory.write(request.key, marker, keep);
  const exchange = exchangeWith({ tiers: { memory } }, { nowAtMs: () => keepUntilAtMs - 1_000 });
  const place = { ...placeOf(request, exchange), memoryCount };
  expect(originAnsweredAt(new Headers(), place)).toBe(answered);
});
